/** API tokens of the real server: created with a session, and used by a program without one. */

import { afterAll, beforeAll, expect, test } from "vitest";

import { Api } from "../src/common/api";
import { family, Goldstar, type Session } from "./harness/goldstar";

let goldstar: Goldstar;
let parent: Session;

beforeAll(async () => {
  goldstar = await Goldstar.start();
  parent = await goldstar.signUp("paula@example.org");
});

afterAll(() => goldstar.remove());

test("a program uses a token", async () => {
  const { api } = parent;
  const { child, task } = await family(parent);
  const { token, secret } = await api.createToken({ name: "Script", scopes: ["read", "activate"] });
  const program = new Api({ baseUrl: goldstar.baseUrl, token: secret ?? "" });
  await program.activateTask(child.id, task.id);
  expect((await program.child(child.id)).child.points).toBe(child.points + task.points);
  const missing = { code: "SCOPE_REQUIRED", details: { scope: "manage" } };
  await expect(program.createChild({ name: "Leo" })).rejects.toMatchObject(missing);
  await expect(program.tokens()).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  expect((await api.tokens()).tokens.map(({ id }) => id)).toEqual([token.id]);
  await api.revokeToken(token.id);
  await expect(program.children()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});
