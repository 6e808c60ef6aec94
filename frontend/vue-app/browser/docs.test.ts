import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";

import { launch, Person } from "./chromium";
import { DemoServer } from "./server";

/** Presses "Try it out" of a route and sends that body; gives the status and the body of the answer. */
async function tryOut(page: Page, method: string, path: string, body?: object) {
  const route = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });
  await route.locator(".opblock-summary-control").click();
  await route.getByRole("button", { name: "Try it out" }).click();
  if (body) await route.locator("textarea.body-param__text").fill(JSON.stringify(body));
  await route.getByRole("button", { name: "Execute" }).click();
  const answer = route.locator(".live-responses-table .response");
  const status = await answer.locator(".response-col_status").textContent();
  return { status, body: await answer.locator(".response-col_description").textContent() };
}

test.each(["/docs", "/api/docs"])("%s loads, and its \"Try it out\" answers", async (path) => {
  const server = await DemoServer.start();
  onTestFinished(() => server.stop());
  const browser = await launch();
  onTestFinished(() => browser.close());
  const person = await Person.at(server.address, browser);
  await person.page.goto(path);
  const login = await tryOut(person.page, "post", "/auth/login", server.parent);
  expect(login.status).toBe("200");
  // By the session's cookie, which that login has brought.
  const children = await tryOut(person.page, "get", "/children");
  expect(children.status).toBe("200");
  expect(children.body).toContain("Mía");
  person.expectNoComplaint();
});
