import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";

import { launch, Person } from "./chromium";
import { DemoServer } from "./server";

/** A name of the server that browsers do not trust over plain http. Only the browser knows it. */
export const NAME = "chores.lan";

/** A browser for a file of tests, and a server with the demo family for each test. */
export class Stage {
  browser!: Browser;
  server!: DemoServer;

  /** A person's own browser. */
  person(options?: BrowserContextOptions): Promise<Person> {
    return Person.at(this.server.address, this.browser, options);
  }

  /** The same, of somebody who reaches the server under its name. */
  personByName(options?: BrowserContextOptions): Promise<Person> {
    return Person.at(this.server.address.replace("127.0.0.1", NAME), this.browser, options);
  }
}

/** Starts and ends a stage around the tests of a file. */
export function stageForEachTest(): Stage {
  const stage = new Stage();
  beforeAll(async () => {
    stage.browser = await launch(`--host-resolver-rules=MAP ${NAME} 127.0.0.1`);
  });
  afterAll(() => stage.browser.close());
  beforeEach(async () => {
    stage.server = await DemoServer.start();
  });
  afterEach(async () => {
    await Promise.all(stage.browser.contexts().map((context) => context.close()));
    await stage.server.stop();
  });
  return stage;
}
