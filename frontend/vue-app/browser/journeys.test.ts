import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { launch, type Person } from "./chromium";
import { described, openChild, type Named, personWith, points, showsPoints, signIn, signUp, views, type View } from "./people";
import { expectAccessible, expectFits } from "./page_checks";
import { DemoServer } from "./server";

let browser: Browser;
let server: DemoServer;

beforeAll(async () => {
  browser = await launch();
  server = await DemoServer.start();
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

const open = (view: View) => personWith(view, server.address, browser);

/** Follows a link of the page. */
async function follow(person: Person, name: string): Promise<void> {
  await person.page.getByRole("link", { name }).first().click();
}

async function press(person: Person, name: string | RegExp): Promise<void> {
  await person.page.getByRole("button", { name }).first().click();
}

const text = (person: Person, shown: string | RegExp) => person.page.getByText(shown).first().waitFor();


describe.each(views)("at $width px, $colorScheme, script: $javaScriptEnabled", (view) => {
  /** Checks what every page must be. */
  async function expectGood(person: Person): Promise<void> {
    await expectFits(person.page);
    // Axe waits with timers, which do not run without scripts.
    if (view.javaScriptEnabled) await expectAccessible(person.page);
  }

  test("a new parent sets the family up, gives points, undoes, redeems and looks back", async () => {
    const parent = await open(view);
    await parent.page.goto("/");
    await follow(parent, "Create an account");
    await parent.page.getByLabel("First name").fill("Pia");
    await parent.page.getByLabel("Last name").fill("Parent");
    await parent.page.getByLabel("Email address").fill(`${described(view).replace(/\W+/g, "-")}@example.org`);
    await parent.page.getByLabel("Password").fill("a long enough password");
    await press(parent, "Create the account");
    await parent.page.getByRole("heading", { name: "Get started" }).waitFor();
    await expectGood(parent);

    await follow(parent, "Add a child");
    await parent.page.getByLabel("Name", { exact: true }).fill("Lina");
    await press(parent, /^Add$/);
    await parent.page.getByRole("link", { name: "Lina" }).waitFor();
    await follow(parent, "Add a task");
    await press(parent, "Make the bed");
    await follow(parent, "Add a reward");
    await press(parent, "Ice cream");
    await expect.poll(() => parent.page.getByText("Get started").count()).toBe(0);

    await openChild(parent, "Lina");
    await press(parent, "Make the bed +3");
    await text(parent, "Done: Make the bed +3");
    await showsPoints(parent, 3);
    await press(parent, /^Undo/);
    await showsPoints(parent, 0);
    await parent.page.getByText("Change the points").click();
    await parent.page.getByLabel("Points to add").fill("40");
    await parent.page.getByLabel("Reason").fill("A good school report");
    await press(parent, /^Save$/);
    await showsPoints(parent, 40);
    await press(parent, "Ice cream");
    await showsPoints(parent, 25);
    await expectGood(parent);

    await parent.page.getByRole("navigation", { name: "Lina" }).getByRole("link", { name: "History" }).click();
    await text(parent, "A good school report");
    await parent.page.locator("summary", { hasText: "Filters" }).click();
    await parent.page.getByLabel("What").selectOption({ label: "Rewards" });
    await press(parent, /^Show$/);
    await text(parent, "1 entry");
    await text(parent, "Redeemed: Ice cream");
    await press(parent, "Sign out");
    await parent.page.getByRole("heading", { name: "Sign in" }).waitFor();
    parent.expectNoComplaint();
  });

  test("a child connects a device, reports a task, takes it back, wishes and saves", async () => {
    const [parent, child] = [await open(view), await open(view)];
    await signUp(parent);
    const { child: lina } = await parent.ask<{ child: Named }>("POST", "/children", { name: "Lina", points: 12 });
    const { task } = await parent.ask<{ task: Named }>("POST", "/tasks", { name: "Feed the cat", points: 4, icon: "cat" });
    for (const [name, cost] of [["Ice cream", 10], ["A trip to the zoo", 100]]) {
      await parent.ask("POST", "/rewards", { name, cost });
    }
    await parent.page.goto("/app");

    await child.page.goto("/");
    await follow(child, "This is a child's device");
    await child.page.getByLabel("Name of this device").fill("Kitchen tablet");
    await press(child, "Show the code");
    const code = (await child.page.locator("#code").textContent())!.trim();
    await openChild(parent, "Lina");
    await follow(parent, "Devices");
    await parent.page.getByLabel("Code of the device").fill(code.toLowerCase().replace("-", " "));
    await press(parent, "Continue");
    await text(parent, 'Who uses "Kitchen tablet"?');
    await parent.page.getByRole("radio").check();
    await press(parent, "Confirm the device");
    await text(parent, "The device is confirmed.");
    if (!view.javaScriptEnabled) await press(child, "I have confirmed it");
    await child.page.getByRole("heading", { name: "Lina" }).waitFor();
    await expectGood(child);

    const tile = (state: string) => child.page.locator(`#task-${task.id}`, { hasText: state });
    const tap = () => child.page.locator(`#task-${task.id} button`).click();
    /** Without a script, a page shows what another person does when it is opened again. */
    const again = (person: Person) => (view.javaScriptEnabled ? undefined : person.page.goto(person.page.url().replace(/\?.*/, "")));
    await tap();
    await tile("Waiting for your parents").waitFor();
    await tap();
    await tile("Waiting for your parents").waitFor({ state: "detached" });
    await tap();
    await tile("Waiting for your parents").waitFor();
    await parent.page.goto("/app");
    await text(parent, "has done");
    await parent.page.locator("summary", { hasText: "Do not approve" }).click();
    await parent.page.getByLabel("Reason, for the child").fill("The bowl is empty");
    await parent.page.locator("form button.danger", { hasText: "Do not approve" }).click();
    await text(parent, "Nothing is waiting.");
    await again(child);
    await tile("not approved: The bowl is empty").waitFor();
    await tap();
    await tile("Waiting for your parents").waitFor();
    await again(parent);
    await press(parent, "Approve: Lina, Feed the cat");
    await text(parent, "Nothing is waiting.");
    await again(child);
    await showsPoints(child, 16);

    await child.page.getByRole("navigation").getByRole("link", { name: "Rewards" }).click();
    await text(child, "you need 84 more points");
    await press(child, "Save for this: A trip to the zoo");
    await child.page.getByRole("button", { name: "No longer my goal: A trip to the zoo" }).waitFor();
    await press(child, "I would like this: Ice cream");
    await text(child, "Waiting for your parents");
    await expectGood(child);
    await again(parent);
    await press(parent, "Approve: Lina, Ice cream");
    await text(parent, "Nothing is waiting.");
    await again(child);
    await showsPoints(child, 6);
    await child.page.goto("/app/tasks");
    expect(new URL(child.page.url()).pathname).toBe("/app/child");
    expect(await child.page.locator("#goal").textContent()).toContain("A trip to the zoo");
    // A device that is removed shows nothing more.
    await parent.page.goto(`/app/children/${lina.id}/devices`);
    await press(parent, "Remove: Kitchen tablet");
    await text(parent, "No device is connected yet.");
    await child.page.goto("/app/child");
    await child.page.getByRole("heading", { name: "Sign in" }).waitFor();
    for (const person of [parent, child]) person.expectNoComplaint();
  });

  test("an administrator finds an account, ends its sessions, marks it, and reads what was done", async () => {
    const [parent, admin] = [await open(view), await open(view)];
    const login = await signUp(parent);
    await signIn(admin, server.admin);
    await admin.page.locator("#status").waitFor();
    await expectGood(admin);

    const section = (name: string) => admin.page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
    await section("Accounts");
    await admin.page.getByLabel("Exactly this email address").fill(login.email);
    await press(admin, "Search");
    await admin.page.getByRole("link", { name: login.email }).click();
    await press(admin, "End all sessions");
    await text(admin, "Its sessions have ended.");
    expect((await parent.page.request.get("/auth/me")).status()).toBe(401);
    await press(admin, "Mark for deletion");
    await text(admin, "The account is marked for deletion.");
    await expectGood(admin);
    await section("Deletions");
    await press(admin, `Do not delete it: ${login.email}`);
    await expect.poll(() => admin.page.getByRole("link", { name: login.email }).count()).toBe(0);

    await section("Events");
    await admin.page.locator("summary", { hasText: "Filters" }).click();
    await admin.page.getByLabel("Action").selectOption("activated");
    await press(admin, "Search");
    await admin.page.waitForURL(/action=activated/);
    const download = admin.page.waitForEvent("download");
    await follow(admin, "Export as CSV");
    expect((await download).suggestedFilename()).toMatch(/\.csv$/);
    await section("Backups");
    const backup = admin.page.waitForEvent("download");
    await admin.page.locator("form[action='/console/backups/new'] button").click();
    expect((await backup).suggestedFilename()).toMatch(/goldstar.*\.tar/);
    await section("Log");
    await admin.page.locator("#log .line").first().waitFor();
    await expectGood(admin);
    admin.expectNoComplaint();
  });
});

describe.each(views.filter(({ width }) => width === 360))("script: $javaScriptEnabled", (view) => {
  test("`kill -9` and a restart between two taps lose nothing, and need no new sign-in", async () => {
    const parent = await open(view);
    await signIn(parent, server.parent);
    await openChild(parent);
    const before = await points(parent);
    await press(parent, "Make the bed +5");
    await showsPoints(parent, before + 5);
    for (const [taps, signal] of [[2, "SIGKILL"], [3, "SIGTERM"]] as const) {
      await server.server.end(signal);
      await press(parent, "Make the bed +5");
      if (view.javaScriptEnabled) await parent.page.getByRole("alert").getByText("Not saved").waitFor();
      await server.server.again();
      if (view.javaScriptEnabled) await parent.page.getByText("No connection.").waitFor({ state: "hidden" });
      else await parent.page.goBack();
      expect(await points(parent)).toBe(before + 5 * (taps - 1));
      await press(parent, "Make the bed +5");
      await showsPoints(parent, before + 5 * taps);
    }
  });
});
