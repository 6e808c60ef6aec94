/** The real server, in a folder of its own and on a free port. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

import { Api } from "../../src/common/api";
import type { Child, Reward, Task } from "../../src/common/models";

const binary = resolve(
  process.env["GOLDSTAR_BIN"] ?? join(import.meta.dirname, "../../../../target/debug/goldstar"),
);
const password = "correct horse battery";

const running = new Set<ChildProcess>();
// Also where a test run is broken off, no server stays behind.
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** One account's session. */
export interface Session {
  token: string;
  api: Api;
}

export class Goldstar {
  readonly #folder: string;
  #process: ChildProcess | undefined;
  #baseUrl = "";

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts a server that has an administrator, `ada@example.org`. */
  static async start(): Promise<Goldstar> {
    const goldstar = new Goldstar(await mkdtemp(join(tmpdir(), "goldstar-")));
    // The command takes a directory that holds a table at least.
    await mkdir(goldstar.#at("data"));
    await writeFile(join(goldstar.#at("data"), "users.json"), '{"_default": {}}');
    const made = goldstar.#spawn(["admin", "create", "--email", "ada@example.org"]);
    made.stdin?.end(`${password}\n`);
    const [status] = await once(made, "exit");
    if (status !== 0) throw new Error(`admin create ended with status ${status}`);
    await goldstar.restart();
    return goldstar;
  }

  /** `http://127.0.0.1:<port>`; another one after a restart. */
  get baseUrl(): string {
    return this.#baseUrl;
  }

  async restart(): Promise<void> {
    const server = this.#spawn(["serve", "--listen", "127.0.0.1:0", "--webhook-allow=127.0.0.1"]);
    this.#process = server;
    if (server.stdout === null) throw new Error("its output isn't a pipe");
    for await (const line of createInterface(server.stdout)) {
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
      if (address !== null) {
        this.#baseUrl = address[0];
        // What nobody reads would fill the pipe.
        server.stdout.resume();
        return;
      }
    }
    throw new Error("the server ended without an address");
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    if (this.#process === undefined || this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
    this.#process = undefined;
  }

  /** Kills it, and removes its folder. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true });
  }

  /** Copies the records, while no server runs. The socket of a killed server cannot be copied. */
  backUp(): Promise<void> {
    const filter = (path: string): boolean => !path.endsWith(".sock");
    return cp(this.#at("data"), this.#at("backup"), { recursive: true, filter });
  }

  /** Puts the copy in the place of the records, while no server runs. */
  async restoreBackup(): Promise<void> {
    await rm(this.#at("data"), { recursive: true });
    await rm(this.#at("logs"), { recursive: true });
    await rename(this.#at("backup"), this.#at("data"));
  }

  signUp(email: string, baseUrl = this.#baseUrl): Promise<Session> {
    const account = { first_name: "Paula", last_name: "Parent", email, password };
    return this.#session("/auth/signup", account, baseUrl);
  }

  logIn(email: string, baseUrl = this.#baseUrl): Promise<Session> {
    return this.#session("/auth/login", { email, password }, baseUrl);
  }

  /** A child's session, in the place of a parent's. */
  becomeChild(parent: Session, childId: string): Promise<Session> {
    const headers = { Authorization: `Bearer ${parent.token}` };
    return this.#session("/auth/child-session", { child_id: childId }, this.#baseUrl, headers);
  }

  async #session(
    path: string,
    body: object,
    baseUrl: string,
    headers: HeadersInit = {},
  ): Promise<Session> {
    const response = await fetch(this.#baseUrl + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
    const token = /^session=(\w+)/.exec(response.headers.getSetCookie()[0] ?? "")?.[1];
    if (token === undefined) throw new Error("no session's cookie came");
    return { token, api: new Api({ baseUrl, token, retryDelay: () => 50 }) };
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }

  #spawn(command: string[]): ChildProcess {
    // A variable that the server doesn't know is refused, as is `GOLDSTAR_BIN`.
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith("GOLDSTAR_"));
    const folders = ["--data-dir", this.#at("data"), "--log-dir", this.#at("logs")];
    const child = spawn(binary, [...command, ...folders], {
      cwd: this.#folder,
      env: Object.fromEntries(others),
      stdio: ["pipe", "pipe", "ignore"],
    });
    running.add(child);
    child.once("exit", () => running.delete(child));
    return child;
  }
}

/** A family's child with 10 points, a task and a penalty of 5, and a reward of 12. */
export async function family({ api }: Session) {
  const make = <T>(path: string, body: object) => api.request<T>("POST", path, { body });
  const { child } = await make<{ child: Child }>("/children", { name: "Mía", points: 10 });
  const { task } = await make<{ task: Task }>("/tasks", { name: "Make the bed", points: 5 });
  const { task: penalty } = await make<{ task: Task }>("/tasks", {
    name: "Hit a sibling",
    points: 5,
    is_good: false,
  });
  const { reward } = await make<{ reward: Reward }>("/rewards", { name: "Ice cream", cost: 12 });
  return { child, task, penalty, reward };
}
