import { randomUUID } from "node:crypto";
import type { Browser, BrowserContextOptions } from "playwright-core";

import { Person } from "./chromium";
import type { Login } from "./server";

/** A child, a task or a reward. */
export interface Named {
  id: string;
  name: string;
}

/** Creates an account with a family of its own, and gives the browser its session. */
export async function signUp(person: Person, firstName = "Pia"): Promise<Login> {
  const login = { email: `${randomUUID()}@example.org`, password: "a long enough password" };
  await person.ask("POST", "/auth/signup", { first_name: firstName, last_name: "Parent", ...login });
  return login;
}

/** A new family without a history: two children, some tasks, penalties and rewards. */
export async function smallFamily(address: string, browser: Browser): Promise<Login> {
  const parent = await Person.at(address, browser);
  const login = await signUp(parent);
  for (const [name, points] of [["Mía", 45], ["Noah", 10]]) await parent.ask("POST", "/children", { name, points });
  for (const [name, points, is_good] of [
    ["Make the bed", 5, true], ["Walk the dog", 10, true], ["Homework", 15, true],
    ["Hit a sibling", 8, false], ["Left the lights on", 2, false],
  ]) {
    await parent.ask("POST", "/tasks", { name, points, is_good });
  }
  for (const [name, cost] of [["Ice cream", 20], ["Extra screen time", 35], ["A trip to the zoo", 150]]) {
    await parent.ask("POST", "/rewards", { name, cost });
  }
  await parent.page.context().close();
  return login;
}

/** Signs in on the page. */
export async function signIn(person: Person, login: Login): Promise<void> {
  await person.page.goto("/");
  await person.page.getByLabel("Email address").fill(login.email);
  await person.page.getByLabel("Password").fill(login.password);
  await person.page.getByRole("button", { name: "Sign in" }).click();
  await person.page.waitForURL(/\/(app|console)$/);
}

/** Opens the page of a child from the home page. */
export async function openChild(person: Person, name = "Mía"): Promise<void> {
  await person.page.getByRole("link", { name }).first().click();
  await person.page.getByRole("heading", { name }).waitFor();
}

/** The points that the page shows. */
export const points = async (person: Person): Promise<number> =>
  Number(await person.page.locator("#points").getAttribute("data-points"));

/** Waits until the page shows these points. */
export const showsPoints = (person: Person, wanted: number): Promise<void> =>
  person.page.locator(`#points[data-points="${wanted}"]`).waitFor();

/** The sizes, colour schemes and kinds of browsers in which a journey is made. */
export const views = [
  { width: 360, colorScheme: "light", javaScriptEnabled: true },
  { width: 360, colorScheme: "dark", javaScriptEnabled: false },
  { width: 1280, colorScheme: "light", javaScriptEnabled: false },
  { width: 1280, colorScheme: "dark", javaScriptEnabled: true },
] as const;
export type View = (typeof views)[number];

/** How a test calls it. */
export const described = ({ width, colorScheme, javaScriptEnabled }: View): string =>
  `${width} px, ${colorScheme}, ${javaScriptEnabled ? "with" : "without"} a script`;

/** A person who uses the pages in this way. */
export function personWith(view: View, address: string, browser: Browser): Promise<Person> {
  const { width, ...others } = view;
  const options: BrowserContextOptions = { viewport: { width, height: 740 }, ...others };
  return Person.at(address, browser, options);
}
