import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { expect } from "vitest";

import type { Login } from "./server";

/** Debian's Chromium, without a window. */
export function launch(...further: string[]): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Root can't have Chromium's sandbox. Without the others Chromium asks for things of its own.
    args: [...(isRoot ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-quic", "--disable-sync", ...further],
  });
}

/** A person's own browser: it shares no cookie with another, and each complaint of it is kept. */
export class Person {
  private constructor(
    readonly page: Page,
    private readonly complaints: string[],
  ) {}

  /** Opens a browser, on nothing yet, of someone who reaches the server at that address. */
  static async at(address: string, browser: Browser, options?: BrowserContextOptions): Promise<Person> {
    const context = await browser.newContext({ baseURL: address, ...options });
    // Shorter than that of a test, so that a failure names what was waited for.
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin !== address && url.protocol !== "data:") complaints.push(`asked ${url.href}`);
    });
    return new Person(page, complaints);
  }

  /** Asks the server with this browser's cookies, beside the page, for what must succeed. */
  async ask<Answer>(method: string, path: string, data?: object): Promise<Answer> {
    const answer = await this.page.request.fetch(path, { method, data });
    expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
    return (answer.status() === 204 ? undefined : await answer.json()) as Answer;
  }

  async logIn(login: Login): Promise<void> {
    await this.ask("POST", "/auth/login", login);
  }

  /** Checks that the browser had nothing to complain of but what these allow. */
  expectNoComplaint(...allowed: RegExp[]): void {
    const left = this.complaints.filter((text) => !allowed.some((pattern) => pattern.test(text)));
    expect(left).toEqual([]);
  }
}
