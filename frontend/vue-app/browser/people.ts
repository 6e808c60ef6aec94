import type { Browser, BrowserContextOptions } from "playwright-core";

import { Person } from "./chromium";
import type { Login } from "./server";

/** A child, a task or a reward. */
export interface Named {
  id: string;
  name: string;
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
