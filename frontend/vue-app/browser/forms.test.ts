import { expect, test } from "vitest";

import type { Person } from "./chromium";
import { kind, linkedPages } from "./page_checks";
import { NAME, stageForEachTest } from "./stage";

const stage = stageForEachTest();

type Who = "nobody" | "parent" | "child" | "admin";

/** A form, with the button by which it is sent. */
interface Found {
  page: string;
  /** The number of the form on the page. */
  form: number;
  /** The number of the button in the form. */
  button: number;
  /** It is the same for forms that differ only in the record that they change. */
  kind: string;
  isDangerous: boolean;
  /** Whether the script sends it, and stays on the page. */
  isStaying: boolean;
}

/** Gives a person the session of somebody. It begins at the address of the server, because only the browser
 *  knows the name. */
async function signInAs(who: Who, person: Person): Promise<void> {
  if (who === "nobody") return;
  const other = await stage.person();
  await other.logIn(who === "admin" ? stage.server.admin : stage.server.parent);
  if (who === "child") {
    const { children } = await other.ask<{ children: { id: string }[] }>("GET", "/children");
    await other.ask("POST", "/auth/child-session", { child_id: children[0]!.id });
  }
  const cookies = await other.page.context().cookies();
  await person.page.context().addCookies(cookies.map((cookie) => ({ ...cookie, domain: NAME })));
  await other.page.context().close();
}

/** The forms of all pages that somebody reaches, one of each kind. Those that end something are the last ones. */
async function formsOf(person: Person, start: string): Promise<Found[]> {
  const found = new Map<string, Found>();
  for (const page of await linkedPages(person.page, start)) {
    await person.page.goto(page);
    const forms = await person.page.$$eval("form", (forms) =>
      forms.map(({ method, action, elements, dataset }) => ({
        method, action, isStaying: "stay" in dataset,
        buttons: [...elements].filter((it) => it instanceof HTMLButtonElement).map(({ value, className }) => ({ value, className })),
      })),
    );
    forms.forEach(({ method, action, isStaying, buttons }, form) => {
      if (method !== "post") return;
      buttons.forEach(({ value, className }, button) => {
        const name = `${kind(new URL(action))} ${value}`;
        const isDangerous = className.includes("danger") || /sign-out|sessions/.test(name);
        if (!found.has(name)) found.set(name, { page, form, button, kind: name, isDangerous, isStaying });
      });
    });
  }
  return [...found.values()].sort((a, b) => Number(a.isDangerous) - Number(b.isDangerous));
}

/** Opens a page, also while the one before is still on its way to another one. */
async function openPage({ page }: Person, address: string): Promise<void> {
  try {
    await page.goto(address);
  } catch {
    await page.waitForLoadState();
    await page.goto(address);
  }
}

/** Sends a form as it is, and checks that the server has taken it for a form of its own page. Returns whether the
 *  form is still there, after those that were sent before it. */
async function send(person: Person, who: Who, { page: address, form, button, kind: name }: Found): Promise<boolean> {
  const { page } = person;
  await openPage(person, address);
  if (new URL(page.url()).pathname === "/sign-in" && who !== "nobody") {
    await signInAs(who, person);
    await openPage(person, address);
  }
  const sent = page.waitForResponse((response) => response.request().method() === "POST").catch(() => undefined);
  const loaded = page.waitForEvent("load").catch(() => undefined);
  const isThere = await page.evaluate(([form, button]) => {
    const it = document.forms[form!];
    const by = it && [...it.elements].filter((it) => it instanceof HTMLButtonElement)[button!];
    if (!it || !by) return false;
    // What a person cannot send either is refused for another reason.
    it.noValidate = true;
    by.disabled = false;
    by.click();
    return true;
  }, [form, button]);
  if (!isThere) return false;
  const response = await sent;
  expect(response, name).toBeDefined();
  expect([404, 405, 415, 500, 503], name).not.toContain(response!.status());
  const isFile = (await response!.headerValue("content-disposition")) !== null;
  if (response!.request().isNavigationRequest()) {
    if (!isFile) await loaded;
  } else {
    await expect.poll(() => page.locator("form[aria-busy=true]").count()).toBe(0);
  }
  expect(await page.locator("body").textContent(), name).not.toContain("was not sent by a page of this server");
  return true;
}

const people = [
  { who: "nobody", start: "/sign-in", least: 5, leastOfScript: 0 },
  { who: "parent", start: "/app", least: 25, leastOfScript: 6 },
  { who: "child", start: "/app", least: 3, leastOfScript: 2 },
  { who: "admin", start: "/console", least: 8, leastOfScript: 0 },
] as const;

test.each(people)("forms of $who are accepted over plain http under a name", { timeout: 240_000 }, async ({ who, start, least, leastOfScript }) => {
  let forms: Found[] | undefined;
  for (const javaScriptEnabled of [true, false]) {
    const person = await stage.personByName({ javaScriptEnabled });
    await signInAs(who, person);
    forms ??= await formsOf(person, start);
    let sent = 0;
    for (const form of forms) {
      // The script sends only some itself. The family's forms are sent by the parent.
      const isNew = javaScriptEnabled ? form.isStaying : who !== "admin" || form.kind.startsWith("/console");
      if (isNew) sent += Number(await send(person, who, form));
    }
    expect(sent, "forms that were sent").toBeGreaterThanOrEqual(javaScriptEnabled ? leastOfScript : least);
    await person.page.context().close();
  }
});
