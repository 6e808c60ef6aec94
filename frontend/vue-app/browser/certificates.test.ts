import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";

import { launch, Person } from "./chromium";
import { signUp } from "./people";
import { Server } from "./server";

const NAMES = ["Mía Grünwald", "محمد عبد الله", "王小明", "W".repeat(100), "Ada ".repeat(24).trim()];

/** The number of pages of a PDF of Chromium, and their sizes in points. */
function pagesOf(pdf: Buffer): string[] {
  const text = pdf.toString("latin1");
  const count = text.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  const boxes = [...text.matchAll(/\/MediaBox\s*\[0 0 (\d+)[.\d]* (\d+)[.\d]*\]/g)];
  expect(boxes.length).toBe(count);
  return boxes.map(([, width, height]) => `${width} x ${height}`);
}

/** The characters of a text for which the browser draws the same as for one without a glyph. */
function withoutGlyph(page: Page, text: string): Promise<string[]> {
  return page.evaluate((text) => {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true })!;
    const drawn = (letter: string) => {
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.font = `40px ${getComputedStyle(document.body).fontFamily}`;
      context.fillText(letter, 20, 80);
      return context.getImageData(0, 0, canvas.width, canvas.height).data.join();
    };
    const missing = drawn("\u{10fffd}");
    return [...new Set(text)].filter((letter) => letter !== " " && drawn(letter) === missing);
  }, text);
}

test("a certificate is one legible sheet of A4 and of Letter", async () => {
  const server = await Server.start();
  onTestFinished(() => server.stop());
  const browser = await launch();
  onTestFinished(() => browser.close());
  const person = await Person.at(server.address, browser, { viewport: { width: 320, height: 640 } });
  await signUp(person);
  const { page } = person;
  const task = { name: "Homework", points: 60, is_good: true };
  const { task: homework } = await person.ask<{ task: { id: string } }>("POST", "/tasks", task);
  for (const name of NAMES) {
    const { child } = await person.ask<{ child: { id: string } }>("POST", "/children", { name });
    await person.ask("POST", `/children/${child.id}/tasks/${homework.id}/activate`);
    const month = new Date().toISOString().slice(0, 7);
    for (const path of [`month/${month}`, "rank/2"]) {
      await page.goto(`/children/${child.id}/certificates/${path}`);
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(name);
      expect(await withoutGlyph(page, name)).toEqual([]);
      // On a phone nothing is cut off, and nothing leaves the frame.
      const isWithin = () =>
        page.evaluate(() => {
          const frame = document.querySelector(".frame")!;
          const fits = frame.scrollHeight <= frame.clientHeight && frame.scrollWidth <= frame.clientWidth;
          return fits && document.documentElement.scrollWidth <= innerWidth;
        });
      expect(await isWithin(), name).toBe(true);
      expect(pagesOf(await page.pdf({ format: "A4", landscape: true, printBackground: true }))).toEqual(["842 x 595"]);
      expect(pagesOf(await page.pdf({ format: "Letter", landscape: true, printBackground: true }))).toEqual(["792 x 612"]);
    }
  }
  person.expectNoComplaint();
});
