import { expect, test } from "vitest";

import type { Person } from "./chromium";
import { expectAccessible, expectFits, expectLight, linkedPages } from "./page_checks";
import { openChild, points, signIn } from "./people";
import { stageForEachTest } from "./stage";

const stage = stageForEachTest();

const settings = [
  { width: 320, scheme: "light" },
  { width: 1280, scheme: "dark" },
] as const;

for (const who of ["nobody", "parent", "admin", "child"] as const) {
  test(`every page that is shown to ${who} fits, is accessible and loads nothing foreign`, { timeout: 240_000 }, async () => {
    let pages: string[] | undefined;
    for (const { width, scheme } of settings) {
      const options = { viewport: { width, height: 740 }, colorScheme: scheme };
      const person = await stage.person(options);
      if (who === "parent" || who === "child") await person.logIn(stage.server.parent);
      if (who === "admin") await person.logIn(stage.server.admin);
      if (who === "child") {
        const { children } = await person.ask<{ children: { id: string }[] }>("GET", "/children");
        await person.ask("POST", "/auth/child-session", { child_id: children[0]!.id });
      }
      const starts = { nobody: ["/sign-in"], parent: ["/app"], admin: ["/console"], child: ["/app"] }[who];
      pages ??= await linkedPages(person.page, ...starts);
      for (const address of pages) {
        const response = await person.page.goto(address);
        expect(response?.status(), address).toBe(200);
        await expectFits(person.page);
        await expectLight(person.page);
        await expectAccessible(person.page);
      }
      person.expectNoComplaint();
    }
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`a parent activates and undoes ${javaScriptEnabled ? "with" : "without"} a script, over plain http`, async () => {
    const person = await stage.personByName({ javaScriptEnabled, viewport: { width: 360, height: 740 } });
    await signIn(person, stage.server.parent);
    await openChild(person);
    const before = await points(person);
    await person.page.getByRole("button", { name: "Make the bed +5" }).click();
    await person.page.getByText("Done: Make the bed +5").waitFor();
    expect(await points(person)).toBe(before + 5);
    await person.page.locator("#snack").getByRole("button", { name: "Undo" }).click();
    await person.page.getByText("Undone: Make the bed").first().waitFor();
    expect(await points(person)).toBe(before);
    person.expectNoComplaint();
  });
}

test("a double click counts once", async () => {
  const person = await stage.person({ javaScriptEnabled: false });
  await signIn(person, stage.server.parent);
  await openChild(person);
  const before = await points(person);
  await person.page.getByRole("button", { name: "Make the bed +5" }).dblclick();
  await person.page.getByText("Done: Make the bed +5").waitFor();
  expect(await points(person)).toBe(before + 5);
});

test("a page shows within a second what happens in another browser", async () => {
  const [first, second] = [await stage.person(), await stage.person()];
  for (const person of [first, second]) {
    await signIn(person, stage.server.parent);
    await openChild(person);
  }
  const before = await points(second);
  const search = second.page.getByText("Change the points");
  await search.click();
  await second.page.getByLabel("Reason").fill("half of a sentence");
  await first.page.getByRole("button", { name: "Make the bed +5" }).click();
  await second.page.locator(`#points[data-points="${before + 5}"]`).waitFor();
  await expect.poll(() => second.page.locator("#announcement").textContent()).toContain(`${before + 5} points`);
  // What a person has typed stays, and so does the focus.
  expect(await second.page.getByLabel("Reason").inputValue()).toBe("half of a sentence");
  expect(await second.page.evaluate(() => (document.activeElement as HTMLInputElement).name)).toBe("note");
  for (const person of [first, second]) person.expectNoComplaint();
});

/** The button that approves Mía's request for a task or reward. */
const approve = (person: Person, name: string) =>
  person.page.getByRole("button", { name: `Approve: Mía, ${name}` });

test("a request appears in the inbox, and leaves it when it is answered elsewhere", async () => {
  const [parent, other] = [await stage.person(), await stage.person()];
  await signIn(parent, stage.server.parent);
  await signIn(other, stage.server.parent);
  const { children } = await parent.ask<{ children: { id: string }[] }>("GET", "/children");
  const { rewards } = await parent.ask<{ rewards: { id: string; name: string }[] }>("GET", "/rewards");
  const reward = rewards.find(({ name }) => name === "Ice cream")!;
  await parent.ask("POST", `/children/${children[0]!.id}/rewards/${reward.id}/request`);
  for (const person of [parent, other]) await approve(person, "Ice cream").waitFor();
  await approve(parent, "Ice cream").click();
  for (const person of [parent, other]) await approve(person, "Ice cream").waitFor({ state: "detached" });
  // The demo's own requests still wait.
  for (const person of [parent, other]) await approve(person, "Extra screen time").waitFor();
  for (const person of [parent, other]) person.expectNoComplaint();
});

test("what was answered elsewhere is explained, and the explanation stays while the page is updated", async () => {
  const person = await stage.person();
  await signIn(person, stage.server.parent);
  const { children } = await person.ask<{ children: { id: string }[] }>("GET", "/children");
  const { tasks } = await person.ask<{ tasks: { id: string; name: string }[] }>("GET", "/tasks");
  const task = tasks.find(({ name }) => name === "Walk the dog")!;
  const path = `/children/${children[0]!.id}/tasks/${task.id}`;
  await person.ask("POST", `${path}/request`);
  await approve(person, "Walk the dog").waitFor();
  // The page shows the request until the tap.
  await person.page.route("**/app", (route) => (route.request().method() === "GET" ? route.abort() : route.continue()));
  await person.ask("POST", `${path}/cancel`);
  await approve(person, "Walk the dog").click();
  const warning = person.page.getByRole("alert").getByText("perhaps on another device");
  await warning.waitFor();
  await person.page.unroute("**/app");
  await person.page.evaluate(() => dispatchEvent(new Event("online")));
  await approve(person, "Walk the dog").waitFor({ state: "detached" });
  expect(await warning.isVisible()).toBe(true);
});

test("a lost connection is shown, a tap says that it is not saved, and both heal", async () => {
  const person = await stage.person();
  await signIn(person, stage.server.parent);
  await openChild(person);
  const before = await points(person);
  await person.page.context().setOffline(true);
  await person.page.getByText("No connection.").waitFor();
  await person.page.getByRole("button", { name: "Make the bed +5" }).click();
  await person.page.getByRole("alert").getByText("Not saved").waitFor();
  await person.page.context().setOffline(false);
  await person.page.getByText("No connection.").waitFor({ state: "hidden" });
  expect(await points(person)).toBe(before);
  await person.page.getByRole("button", { name: "Make the bed +5" }).click();
  await person.page.getByText("Done: Make the bed +5").waitFor();
});

test("the keyboard is enough", async () => {
  const person = await stage.person();
  await signIn(person, stage.server.parent);
  const { keyboard } = person.page;
  await keyboard.press("Tab");
  await expect.poll(() => person.page.locator("a.skip:focus").count()).toBe(1);
  await keyboard.press("Enter");
  await expect.poll(() => person.page.locator("main:focus").count()).toBe(1);
  const child = person.page.locator("a:focus", { hasText: "Mía" });
  for (let step = 0; step < 20 && (await child.count()) === 0; step += 1) await keyboard.press("Tab");
  await keyboard.press("Enter");
  await person.page.getByRole("heading", { name: "Mía" }).waitFor();
  await person.page.getByRole("button", { name: "Make the bed +5" }).focus();
  await keyboard.press("Space");
  await person.page.getByText("Done: Make the bed +5").waitFor();
});
