import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/*.test.ts", "tests/before/tests/*.test.js"],
    // A debug build hashes a password in about a second, on a busy machine in more.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
