import type { Browser, BrowserContextOptions, Locator } from "playwright-core";
import { expect } from "vitest";

import { Person } from "./chromium";
import type { Login } from "./server";

/** The demo's page in someone's browser, as a person uses it. */
export class DemoPage {
  constructor(readonly person: Person) {}

  /** Logs in, opens the page, and waits until it is live. */
  static async open(
    address: string,
    browser: Browser,
    login: Login,
    options?: BrowserContextOptions,
  ): Promise<DemoPage> {
    const person = await Person.at(address, browser, options);
    await person.logIn(login);
    const page = new DemoPage(person);
    await page.goTo();
    await page.isLive();
    return page;
  }

  async goTo(): Promise<void> {
    await this.person.page.goto("/demo");
  }

  /** Waits until it is connected and shows the family. */
  async isLive(): Promise<void> {
    await this.hasState("live");
    await this.person.page.getByRole("article").first().waitFor();
  }

  async hasState(state: string): Promise<void> {
    await expect.poll(() => this.person.page.getByRole("status").textContent()).toBe(state);
  }

  /** Waits until it says that. */
  async says(sentence: string): Promise<void> {
    await expect.poll(() => this.person.page.getByRole("alert").textContent()).toBe(sentence);
  }

  child(name: string): Locator {
    return this.person.page.getByRole("article", { name, exact: true });
  }

  button(child: string, name: string): Locator {
    return this.child(child).getByRole("button", { name, exact: true });
  }

  /** Clicks on a button, and waits for the answer: of two clicks the first is recorded first. */
  async click(child: string, name: string): Promise<void> {
    const answered = this.person.page.waitForResponse((answer) => answer.request().method() === "POST");
    await this.button(child, name).click();
    await answered;
  }

  /** The events that are shown, the newest first, without their times. */
  async events(): Promise<string[]> {
    const items = this.person.page.getByRole("list", { name: "Events" }).getByRole("listitem");
    const texts = await items.evaluateAll((elements) =>
      elements.map((element) => [...element.children].slice(1).map((part) => part.textContent)),
    );
    return texts.map((parts) => parts.filter(Boolean).join(" "));
  }

  /** Waits until it shows exactly these events. */
  async shows(...events: string[]): Promise<void> {
    await expect.poll(() => this.events()).toEqual(events);
  }
}
