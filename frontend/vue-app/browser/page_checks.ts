import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect } from "vitest";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Finding {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** Checks the page with axe: WCAG 2.2, levels A and AA, and best practices. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(AXE);
  const findings = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }).axe;
    return (await axe.run()).violations;
  });
  const shown = findings.map(({ id, nodes }) => `${id}: ${nodes[0]!.html} ${nodes[0]!.failureSummary ?? ""}`);
  expect(shown, page.url()).toEqual([]);
}

/** Checks that nothing is wider than the page, and that everything can be hit with a finger. */
export async function expectFits(page: Page): Promise<void> {
  const faults = await page.evaluate(() => {
    const faults: string[] = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) faults.push(`${scrollWidth} px are wider than ${clientWidth} px`);
    const interactive = "a[href], button, input:not([type=hidden]), select, textarea, summary";
    for (const element of document.querySelectorAll<HTMLElement>(interactive)) {
      // A box to tick is as large as its label, and a link in a sentence as large as its words.
      const isBox = element instanceof HTMLInputElement && /checkbox|radio/.test(element.type);
      const target = isBox ? (element.closest("label") ?? element) : element;
      const isInSentence = getComputedStyle(target).display === "inline" && target.closest("p, td, dd, li, small");
      const { width, height } = target.getBoundingClientRect();
      const isShown = width > 0 && target.checkVisibility() && !target.closest(".skip, .hidden");
      // Half a pixel may be rounded.
      if (isShown && !isInSentence && Math.min(width, height) < 43.5) {
        faults.push(`${Math.round(width)}x${Math.round(height)}: ${element.outerHTML.slice(0, 120)}`);
      }
    }
    return faults;
  });
  expect(faults, page.url()).toEqual([]);
}

/** Checks that the page and its files are small enough for a slow connection, also when nothing is cached. */
export async function expectLight(page: Page): Promise<void> {
  const bytes = await page.evaluate(() => {
    const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    return (entries as PerformanceResourceTiming[]).reduce((sum, entry) => sum + entry.encodedBodySize, 0);
  });
  expect(bytes, `bytes of ${page.url()}`).toBeLessThan(60_000);
}

/** The address without what differs between two pages or forms of one kind. */
export const kind = (address: URL) =>
  address.pathname.replace(/[0-9a-f-]{16,}/g, "…").replace(/badges\/[^/]+\//, "badges/…/").replace(/\d+/g, "0");

/** The pages that a person reaches by links from these, one of each kind. */
export async function linkedPages(page: Page, ...starts: string[]): Promise<string[]> {
  const found = new Map<string, string>();
  const waiting = [...starts];
  while (waiting.length > 0) {
    await page.goto(waiting.shift()!);
    const here = new URL(page.url());
    if (found.has(kind(here))) continue;
    found.set(kind(here), here.pathname + here.search);
    const links = await page.$$eval("a[href]", (links) => links.map((link) => (link as HTMLAnchorElement).href));
    const own = links.map((link) => new URL(link)).filter((link) => link.origin === here.origin);
    const isPage = /^\/(app|console|sign-in|sign-up|reset|pair|invitation)(\/|$)/;
    const isFile = /export|certificates/;
    waiting.push(
      ...own
        .filter((link) => isPage.test(link.pathname) && !isFile.test(link.pathname) && !found.has(kind(link)))
        .map((link) => link.pathname + link.search),
    );
  }
  return [...found.values()];
}
