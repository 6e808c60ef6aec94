import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { launch, Person } from "./chromium";
import { expectAccessible, expectFits } from "./page_checks";
import { openChild, points, showsPoints } from "./people";
import { DemoServer } from "./server";

const TASKS = 500;
const EVENTS = 100_000;
/** Markup, a long word, an override of the direction of writing, and a picture. */
const HOSTILE = `<img src=x onerror="window.owned=1"></script><b>${"Donaudampfschiff".repeat(4)}\u202eesrever\u202c 🧹`;

type Row = Record<string, unknown>;

let browser: Browser;
let server: DemoServer;
let childId: string;

beforeAll(async () => {
  browser = await launch();
  server = await DemoServer.start();
  await server.server.end("SIGTERM");
  childId = await fill(join(server.server.folder, "data"));
  await server.server.again();
}, 180_000);
afterAll(async () => {
  await browser.close();
  await server.stop();
});

/** Adds to a table, and returns all its rows. */
async function extend(folder: string, table: string, more: (rows: Row[]) => Row[]): Promise<Row[]> {
  const path = join(folder, `${table}.json`);
  const { _default } = JSON.parse(await readFile(path, "utf8")) as { _default: Record<string, Row> };
  const rows = [...Object.values(_default), ...more(Object.values(_default))];
  const next = Math.max(0, ...Object.keys(_default).map(Number)) + 1;
  const added = rows.slice(Object.keys(_default).length).map((row, index) => [next + index, row]);
  await writeFile(path, JSON.stringify({ _default: { ..._default, ...Object.fromEntries(added) } }));
  return rows;
}

/** Gives the first child of the demo many tasks and events, in the tables as TinyDB has them. */
async function fill(folder: string): Promise<string> {
  const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
  const [child] = await extend(folder, "children", () => []);
  const tasks = await extend(folder, "tasks", ([first]) =>
    Array.from({ length: TASKS }, (_, index) => ({ ...first, id: id(index), name: `${HOSTILE} ${index}`, points: 5 })),
  );
  const task = tasks.at(-1)!;
  const now = Date.now();
  await extend(folder, "tracking_events", () =>
    Array.from({ length: EVENTS }, (_, index) => {
      // Every second one takes what the one before has given, so that the points stay.
      const isGain = index % 2 === 0;
      const before = Number(child!.points) + (isGain ? 0 : 5);
      return {
        id: id(1_000_000 + index), user_id: child!.user_id, child_id: child!.id,
        entity_type: isGain ? "task" : "penalty", entity_id: task.id, action: "activated",
        points_before: before, points_after: before + (isGain ? 5 : -5), delta: isGain ? 5 : -5,
        occurred_at: new Date(now - (EVENTS - index) * 600_000).toISOString().replace("Z", "000+00:00"),
        metadata: { task_name: HOSTILE },
      };
    }),
  );
  return String(child!.id);
}

test(`a family with ${TASKS} tasks, ${EVENTS} events and markup in names can use every page`, { timeout: 240_000 }, async () => {
  for (const width of [320, 1280]) {
    const parent = await Person.at(server.address, browser, { viewport: { width, height: 740 } });
    await parent.logIn(server.parent);
    const here = `/app/children/${childId}`;
    for (const address of ["/app", here, `${here}/history`, `${here}/history?page=1000`, `${here}/progress`, "/app/tasks", "/app/week", "/app/history"]) {
      expect((await parent.page.goto(address))?.status(), address).toBe(200);
      await expectFits(parent.page);
    }
    expect(await parent.page.evaluate(() => "owned" in window)).toBe(false);

    await parent.page.goto("/app");
    await openChild(parent);
    const before = await points(parent);
    await parent.page.getByLabel("Search").fill("esrever\u202c 🧹 499");
    const shown = parent.page.locator("#tasks > li:visible");
    await expect.poll(() => shown.count()).toBe(1);
    expect(await shown.textContent()).toContain(`${HOSTILE} 499`);
    await shown.getByRole("button").click();
    await showsPoints(parent, before + 5);
    // The search is kept by the update of the page.
    expect(await shown.count()).toBe(1);
    parent.expectNoComplaint();
    await parent.page.context().close();
  }
});

test("its child and an administrator can use theirs", { timeout: 120_000 }, async () => {
  const child = await Person.at(server.address, browser, { viewport: { width: 320, height: 740 } });
  await child.logIn(server.parent);
  await child.ask("POST", "/auth/child-session", { child_id: childId });
  for (const page of ["", "/rewards", "/badges", "/history"]) {
    expect((await child.page.goto(`/app/child${page}`))?.status(), page).toBe(200);
    await expectFits(child.page);
  }
  const admin = await Person.at(server.address, browser, { viewport: { width: 320, height: 740 } });
  await admin.logIn(server.admin);
  for (const page of ["", "/tracking", `/tracking?child_id=${childId}&limit=500`, "/events"]) {
    expect((await admin.page.goto(`/console${page}`))?.status(), page).toBe(200);
    await expectFits(admin.page);
  }
  await admin.page.goto("/console/tracking");
  await expectAccessible(admin.page);
  for (const person of [child, admin]) {
    expect(await person.page.evaluate(() => "owned" in window)).toBe(false);
    person.expectNoComplaint();
  }
});
