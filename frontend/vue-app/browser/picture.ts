import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { launch } from "./chromium";
import { DemoPage } from "./demo_page";
import { DemoServer } from "./server";

const picture = join(import.meta.dirname, "../../../docs/images/live.png");

test("the README's picture is taken", async () => {
  const server = await DemoServer.start();
  onTestFinished(() => server.stop());
  const browser = await launch();
  onTestFinished(() => browser.close());
  const demo = await DemoPage.open(server.address, browser, server.parent, {
    viewport: { width: 1120, height: 600 },
    deviceScaleFactor: 2,
    reducedMotion: "reduce",
    locale: "en-GB",
  });
  await demo.click("Mía", "+5 Make the bed");
  await demo.click("Noah", "+15 Homework");
  await demo.click("Mía", "−8 Hit a sibling");
  await demo.click("Noah", "Ask for Ice cream");
  await demo.click("Noah", "Redeem Ice cream");
  await demo.click("Mía", "Ask for Extra screen time");
  await expect.poll(() => demo.events()).toHaveLength(6);
  const { page } = demo.person;
  // Else the last button is shown as one that is about to be pressed.
  await page.mouse.move(0, 0);
  await mkdir(dirname(picture), { recursive: true });
  await page.screenshot({ path: picture, fullPage: true });
});
