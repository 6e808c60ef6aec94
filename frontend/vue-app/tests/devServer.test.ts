/** The proxy of Vite's development server, as README.md recommends it, in front of the real server. */

import { readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createServer, type ProxyOptions, type ViteDevServer } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Goldstar, type Session } from "./harness/goldstar";

let goldstar: Goldstar;
let parent: Session;
const servers: ViteDevServer[] = [];

beforeAll(async () => {
  goldstar = await Goldstar.start();
  parent = await goldstar.signUp("paula@example.org");
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await goldstar.remove();
});

/** The port of a development server that forwards `/api` in that way. */
async function serve(proxy: string | ProxyOptions): Promise<number> {
  const server = await createServer({
    configFile: false,
    root: tmpdir(),
    logLevel: "silent",
    server: { host: "127.0.0.1", port: 0, proxy: { "/api": proxy } },
  });
  servers.push(server);
  await server.listen();
  return (server.httpServer?.address() as AddressInfo).port;
}

/** The status of a change, as the browser of a phone in the same network requests it over http. */
async function changeFromPhone(port: number): Promise<number | undefined> {
  const host = `192.168.1.5:${port}`;
  const headers = {
    Host: host,
    Origin: `http://${host}`,
    Cookie: `session=${parent.token}`,
    "Content-Type": "application/json",
  };
  const sent = request({ host: "127.0.0.1", port, path: "/api/children", method: "POST", headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve).once("error", reject);
  });
  sent.end(JSON.stringify({ name: "Mía" }));
  const response = await answered;
  response.resume();
  return response.statusCode;
}

test("the recommended proxy lets a phone make changes", async () => {
  const readme = await readFile(join(import.meta.dirname, "../README.md"), "utf8");
  const recipe = /"\/api": \{ target: "http:\/\/127\.0\.0\.1:5000", changeOrigin: (\w+) \}/.exec(
    readme,
  );
  const changeOrigin = recipe?.[1] !== "false";
  const port = await serve({ target: goldstar.baseUrl, changeOrigin });
  expect(await changeFromPhone(port)).toBe(201);
});

test("Vite's short form does not, since it replaces the Host header", async () => {
  expect(await changeFromPhone(await serve(goldstar.baseUrl))).toBe(403);
});
