import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";

import { BadGateway, Relay } from "../tests/harness/relay";
import { launch, Person } from "./chromium";
import { DemoPage } from "./demo_page";
import { signUp, smallFamily } from "./people";
import { DemoServer, type Login } from "./server";

let browser: Browser;
let server: DemoServer;
/** The parent of a small family. */
let parent: Login;

beforeAll(async () => {
  browser = await launch();
  server = await DemoServer.startWithItsPage();
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

beforeEach(async () => {
  parent = await smallFamily(server.address, browser);
});
afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));

const open = (login = parent) => DemoPage.open(server.address, browser, login);

/** A network before the server. */
async function network(): Promise<Relay> {
  const relay = await Relay.start(server.address);
  onTestFinished(() => relay.close());
  return relay;
}

/** From now on, the network leads there instead, or nowhere. */
function redirect(relay: Relay, target: string | undefined): void {
  relay.target = target;
  relay.cut();
}

/** Chromium's note of an answer that is no success. */
const note = (status: number) => new RegExp(`^Failed to load resource: .* status of ${status} `);

/** A second family, with one child and one task. */
async function otherFamily(): Promise<Login> {
  const person = await Person.at(server.address, browser);
  const login = await signUp(person, "Olga");
  await person.ask("POST", "/children", { name: "Otto" });
  await person.ask("POST", "/tasks", { name: "Water the plants", points: 3 });
  return login;
}

test("a click shows in the family's other page, and not in another family's", async () => {
  const [first, second, other] = [await open(), await open(), await open(await otherFamily())];
  await first.click("Mía", "+5 Make the bed");
  for (const page of [first, second]) {
    await page.shows("Mía: Make the bed +5 45 → 50 points");
    expect(await page.child("Mía").textContent()).toContain("50 points");
  }
  // A stream has its events in order: had the first one come here, it would stand before this one.
  await other.click("Otto", "+3 Water the plants");
  await other.shows("Otto: Water the plants +3 0 → 3 points");
  expect(await first.events()).toHaveLength(1);
  for (const page of [first, second, other]) page.person.expectNoComplaint();
});

test("what happens while the network is cut is shown once it is back, each event once", async () => {
  const relay = await network();
  const first = await open();
  const second = await DemoPage.open(relay.baseUrl, browser, parent);
  await first.click("Noah", "+10 Walk the dog");
  await second.shows("Noah: Walk the dog +10 10 → 20 points");

  redirect(relay, undefined);
  await second.hasState("reconnecting…");
  await first.click("Mía", "+5 Make the bed");
  await first.click("Mía", "−8 Hit a sibling");
  await first.click("Mía", "Ask for Ice cream");
  await first.click("Mía", "Redeem Ice cream");
  await first.click("Noah", "+15 Homework");
  const all = [
    "Noah: Homework +15 20 → 35 points",
    "Mía gets Ice cream −20 42 → 22 points",
    "Mía asks for Ice cream",
    "Mía: Hit a sibling −8 50 → 42 points",
    "Mía: Make the bed +5 45 → 50 points",
    "Noah: Walk the dog +10 10 → 20 points",
  ];
  await first.shows(...all);
  expect(await second.events()).toEqual(all.slice(-1));

  redirect(relay, server.address);
  await second.shows(...all);
  await second.hasState("live");
  expect(await second.child("Mía").textContent()).toContain("22 points");
  // It goes on, in both directions.
  await second.click("Noah", "−2 Left the lights on");
  for (const page of [first, second]) {
    await page.shows("Noah: Left the lights on −2 35 → 33 points", ...all);
  }
  first.person.expectNoComplaint();
  second.person.expectNoComplaint(/^Failed to load resource: net::/);
});

test("nor is an event lost while a proxy answers for a server that is down", async () => {
  const [relay, proxy] = [await network(), await BadGateway.start()];
  onTestFinished(() => proxy.close());
  const first = await open();
  const second = await DemoPage.open(relay.baseUrl, browser, parent);
  await first.click("Mía", "+5 Make the bed");
  await second.shows("Mía: Make the bed +5 45 → 50 points");

  // After such an answer the browser doesn't reconnect by itself.
  const refused = second.person.page.waitForResponse(/\/events\?/);
  redirect(relay, proxy.baseUrl);
  expect((await refused).status()).toBe(502);
  await first.click("Mía", "−8 Hit a sibling");
  await first.click("Noah", "+15 Homework");
  redirect(relay, server.address);
  await second.shows(
    "Noah: Homework +15 10 → 25 points",
    "Mía: Hit a sibling −8 50 → 42 points",
    "Mía: Make the bed +5 45 → 50 points",
  );
  await second.hasState("live");
  second.person.expectNoComplaint(/^Failed to load resource: net::/, note(502));
});

test("where events can't be sent again, everything is loaded anew", async () => {
  const person = await Person.at(server.address, browser);
  await person.logIn(parent);
  // The server has no such row, as after an older backup was restored: it answers `resync`.
  await person.page.route(/\/events\?/, (route) =>
    route.continue({ url: `${route.request().url()}&last_event_id=1000000` }),
  );
  let loaded = 0;
  person.page.on("response", (answer) => (loaded += Number(answer.url().endsWith("/children"))));
  const page = new DemoPage(person);
  await page.goTo();
  await expect.poll(() => loaded).toBe(2);
  await page.isLive();
  await page.click("Mía", "+5 Make the bed");
  await page.shows("Mía: Make the bed +5 45 → 50 points");
  person.expectNoComplaint();
});

test("a child's page shows that child only, and lets it ask", async () => {
  const adult = await open();
  const person = await Person.at(server.address, browser);
  await person.logIn(parent);
  const { children } = await person.ask<{ children: { id: string }[] }>("GET", "/children");
  await person.ask("POST", "/auth/child-session", { child_id: children[0]!.id });
  const child = new DemoPage(person);
  await child.goTo();
  await child.isLive();
  expect(await person.page.getByRole("article").count()).toBe(1);
  expect(await child.button("Mía", "+5 Make the bed").isDisabled()).toBe(true);
  expect(await child.button("Mía", "Redeem Ice cream").count()).toBe(0);

  await adult.click("Noah", "+5 Make the bed");
  await adult.shows("Noah: Make the bed +5 10 → 15 points");
  await child.click("Mía", "Ask for Ice cream");
  await child.shows("Mía asks for Ice cream");
  await adult.click("Mía", "Cancel Ice cream");
  await child.shows("Mía: Ice cream is cancelled", "Mía asks for Ice cream");
  await child.button("Mía", "Ask for Ice cream").waitFor();
  for (const page of [adult, child]) page.person.expectNoComplaint();
});

test("a person logs in with the keyboard, is told why not, and logs out", async () => {
  const person = await Person.at(server.address, browser);
  const demo = new DemoPage(person);
  await demo.goTo();
  await person.page.getByLabel("Email").fill(parent.email);
  const password = person.page.getByLabel("Password");
  await password.focus();
  await person.page.keyboard.type("wrong password");
  await person.page.keyboard.press("Enter");
  await demo.says("The email address or the password is wrong.");
  await password.focus();
  await person.page.keyboard.type(parent.password);
  await person.page.keyboard.press("Enter");
  await demo.isLive();
  await demo.says("");
  // The keyboard goes on from there, not from the top.
  await person.page.locator("main:focus").waitFor();

  await demo.button("Noah", "Redeem A trip to the zoo").focus();
  await person.page.keyboard.press("Enter");
  await demo.says("140 more points are needed.");
  await demo.button("Noah", "+5 Make the bed").focus();
  await person.page.keyboard.press("Space");
  await demo.shows("Noah: Make the bed +5 10 → 15 points");
  await demo.says("");

  await person.page.getByRole("button", { name: "Log out" }).click();
  await person.page.locator("[name=password]:focus").waitFor();
  await demo.hasState("logged out");
  expect(await demo.events()).toEqual([]);
  person.expectNoComplaint(note(401), note(409));
});

test("a page whose session ends says so, and shows the family no longer", async () => {
  const page = await open();
  const elsewhere = await Person.at(server.address, browser);
  await elsewhere.logIn(parent);
  const change = { current_password: parent.password, new_password: "another password" };
  await elsewhere.ask("PUT", "/auth/password", change);
  await page.says("The session has ended.");
  await page.person.page.getByLabel("Password").waitFor();
  expect(await page.person.page.getByRole("article").count()).toBe(0);
  page.person.expectNoComplaint(note(401));
});

test("a page whose browser has another session by now shows neither family", async () => {
  const login = await otherFamily();
  const relay = await network();
  const page = await DemoPage.open(relay.baseUrl, browser, parent);
  const elsewhere = await Person.at(server.address, browser);
  await elsewhere.logIn(login);
  const [cookie] = await elsewhere.page.context().cookies();
  redirect(relay, undefined);
  await page.hasState("reconnecting…");
  await page.person.page.context().addCookies([cookie!]);
  const { children } = await elsewhere.ask<{ children: { id: string }[] }>("GET", "/children");
  const { tasks } = await elsewhere.ask<{ tasks: { id: string }[] }>("GET", "/tasks");
  await elsewhere.ask("POST", `/children/${children[0]!.id}/tasks/${tasks[0]!.id}/activate`);
  redirect(relay, server.address);
  await page.says("Somebody else has logged in with this browser: reload the page.");
  expect(await page.events()).toEqual([]);
  expect(await page.person.page.getByRole("article").count()).toBe(0);
  page.person.expectNoComplaint(/^Failed to load resource: net::/);
});

test("it is at /api/demo too, and new records show with their first event", async () => {
  const person = await Person.at(server.address, browser);
  await person.logIn(parent);
  const demo = new DemoPage(person);
  await person.page.goto("/api/demo");
  await demo.isLive();
  const { child } = await person.ask<{ child: { id: string } }>("POST", "/children", { name: "Lea" });
  const { task } = await person.ask<{ task: { id: string } }>("POST", "/tasks", {
    name: "Tidy up",
    points: 4,
  });
  await person.ask("POST", `/children/${child.id}/tasks/${task.id}/activate`);
  await demo.shows("Lea: Tidy up +4 0 → 4 points");
  await demo.button("Lea", "+4 Tidy up").waitFor();
  person.expectNoComplaint();
});

test("names are text, and the longest fit a phone", async () => {
  const person = await Person.at(server.address, browser, { viewport: { width: 320, height: 640 } });
  await person.logIn(parent);
  const html = `<img src=x onerror="document.title='run'"><b>Bo</b>`;
  const long = "W".repeat(100);
  await person.ask("POST", "/children", { name: html });
  await person.ask("POST", "/children", { name: long, points: 1_000_000 });
  await person.ask("POST", "/tasks", { name: html, points: 1_000_000 });
  await person.ask("POST", "/rewards", { name: long, cost: 1_000_000 });
  const demo = new DemoPage(person);
  await demo.goTo();
  await demo.isLive();
  await demo.click(html, `+1000000 ${html}`);
  await demo.click(long, `Ask for ${long}`);
  await demo.shows(`${long} asks for ${long}`, `${html}: ${html} +1000000 0 → 1000000 points`);
  expect(await person.page.title()).toBe("Goldstar, live");
  expect(await person.page.locator("article img, article b").count()).toBe(0);
  const overflow = await person.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
  person.expectNoComplaint();
});
