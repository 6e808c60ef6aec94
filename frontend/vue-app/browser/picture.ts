import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";

import { launch, Person } from "./chromium";
import { linkedPages } from "./page_checks";
import { DemoServer } from "./server";

const root = join(import.meta.dirname, "../../..");
/** Those of the documents. */
const documented = join(root, "docs/images");
/** Every page in two sizes and both colour schemes, to look at. */
const all = join(root, "target/pictures");

const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 };
const wide = { viewport: { width: 1120, height: 720 }, deviceScaleFactor: 1 };
const common = { reducedMotion: "reduce", locale: "en-GB" } as const;

let browser: Browser;
let server: DemoServer;
let childId: string;

beforeAll(async () => {
  browser = await launch();
  server = await DemoServer.start();
  childId = await firstChild();
  for (const folder of [documented, all]) await mkdir(folder, { recursive: true });
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

/** The id of the demo's first child. */
async function firstChild(): Promise<string> {
  const parent = await Person.at(server.address, browser);
  await parent.logIn(server.parent);
  const { children } = await parent.ask<{ children: { id: string }[] }>("GET", "/children");
  await parent.page.context().close();
  return children[0]!.id;
}

/** Someone's browser. */
async function open(who: "nobody" | "parent" | "admin" | "child", options: object): Promise<Person> {
  const person = await Person.at(server.address, browser, { ...common, ...options });
  if (who === "admin") await person.logIn(server.admin);
  if (who === "parent" || who === "child") await person.logIn(server.parent);
  if (who === "child") await person.ask("POST", "/auth/child-session", { child_id: childId });
  return person;
}

test("the pictures of the documents are taken", async () => {
  const pictures = [
    ["family", "parent", phone, "/app"],
    ["child-page", "parent", phone, `/app/children/${childId}`],
    ["week", "parent", wide, "/app/week"],
    ["progress", "parent", wide, `/app/children/${childId}/progress`],
    ["child", "child", phone, "/app/child"],
    ["child-rewards", "child", phone, "/app/child/rewards"],
    ["console", "admin", wide, "/console"],
  ] as const;
  for (const [name, who, size, address] of pictures) {
    const { page } = await open(who, size);
    await page.goto(address);
    await page.screenshot({ path: join(documented, `${name}.png`) });
    await page.context().close();
  }
});

test("every page is taken in two sizes and both colour schemes", { timeout: 600_000 }, async () => {
  for (const who of ["nobody", "parent", "admin", "child"] as const) {
    for (const [size, scheme] of [["phone", "light"], ["wide", "dark"]] as const) {
      const { page } = await open(who, { ...(size === "phone" ? phone : wide), deviceScaleFactor: 1, colorScheme: scheme });
      const start = { nobody: "/sign-in", parent: "/app", admin: "/console", child: "/app/child" }[who];
      for (const address of await linkedPages(page, start)) {
        await page.goto(address);
        const name = address.replace(/[?#].*/, "").replace(/[0-9a-f-]{36}/g, "id").replaceAll("/", "-");
        await page.screenshot({ path: join(all, `${who}${name}-${size}.png`), fullPage: true });
      }
      await page.context().close();
    }
  }
});
