import { defineConfig } from "vitest/config";

/** `npm run browser`, `npm run servers` and `npm run picture`: what needs Chromium, each a project of
 *  its own. */
export default defineConfig({
  test: {
    // A browser and its server wait for each other most of the time.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    projects: [
      { extends: true, test: { name: "browser", include: ["browser/*.test.ts"] } },
      { extends: true, test: { name: "servers", include: ["browser/servers/*.test.ts"] } },
      { extends: true, test: { name: "picture", include: ["browser/picture.ts"] } },
    ],
  },
});
