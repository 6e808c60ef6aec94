import { afterAll, beforeAll, expect, test } from "vitest";

import type { AccountExport } from "../src/common/models";
import { family, Goldstar } from "./harness/goldstar";
import { refusal } from "./harness/refusal";

let goldstar: Goldstar;

beforeAll(async () => {
  goldstar = await Goldstar.start();
});

afterAll(() => goldstar.remove());

test("files contain all events of a child, and everything about an account", async () => {
  const session = await goldstar.signUp("files@example.org");
  const { api } = session;
  const { child, task } = await family(session);
  await api.activateTask(child.id, task.id);
  const { tracking_events } = await api.childTracking(child.id);

  const ndjson = await api.exportChildTracking(child.id, { format: "ndjson", order: "asc" });
  expect((await ndjson.text()).trim().split("\n").map((line) => JSON.parse(line))).toEqual(
    tracking_events,
  );
  const csv = await api.exportChildTracking(child.id, { from: new Date(0), bom: true });
  expect(csv.headers.get("Content-Disposition")).toContain(".csv");
  expect(new Uint8Array(await csv.arrayBuffer()).slice(0, 3)).toEqual(
    new Uint8Array([0xef, 0xbb, 0xbf]),
  );
  const account = (await (await api.exportAccount()).json()) as AccountExport;
  expect(account.children).toHaveLength(1);
  expect(account.tracking_events).toEqual(tracking_events);

  expect(await refusal(api.exportAdminTracking())).toMatchObject({ code: "ADMIN_REQUIRED" });
  const admin = await goldstar.logIn("ada@example.org");
  const all = await admin.api.exportAdminTracking({ child_id: child.id, format: "ndjson" });
  expect((await all.text()).trim().split("\n")).toHaveLength(1);
  const backup = await admin.api.createBackup("correct horse battery");
  expect(await backup.text()).toMatch(/^manifest\.json\0/);
  expect(await refusal(admin.api.createBackup("wrong"))).toMatchObject({ code: "WRONG_PASSWORD" });
  const none = refusal(api.exportChildTracking("nobody"));
  expect(await none).toMatchObject({ status: 404, code: "NOT_FOUND" });
});
