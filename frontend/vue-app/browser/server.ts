import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

/** How to log in. */
export interface Login {
  email: string;
  password: string;
}

const running = new Set<ChildProcess>();
// Also where a run is broken off, no server stays behind.
process.once("exit", () => running.forEach((server) => server.kill("SIGKILL")));

/** The real server with its demo family, on a directory of its own. */
export class DemoServer {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    /** `http://127.0.0.1:<port>` */
    readonly address: string,
    /** The demo's parent. */
    readonly parent: Login,
    /** The demo's administrator. */
    readonly admin: Login,
  ) {}

  /** Starts it, and waits until it serves. */
  static async start(): Promise<DemoServer> {
    const binary = resolve(process.env.GOLDSTAR_BIN ?? "../../target/debug/goldstar");
    const folder = await mkdtemp(join(tmpdir(), "goldstar-browser-"));
    // Settings of this machine's own server are none of the test's.
    const settings = Object.entries(process.env).filter(([name]) => !name.startsWith("GOLDSTAR_"));
    const server = spawn(binary, ["--demo", "--listen", "127.0.0.1:0", "--server-log", "warn"], {
      cwd: folder,
      env: Object.fromEntries(settings),
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(server, "spawn");
    running.add(server);
    server.once("exit", () => running.delete(server));
    const printed: string[] = [];
    for await (const line of createInterface(server.stdout)) {
      printed.push(line);
      const greeting = printed.join("\n");
      const address = /Goldstar serves (http:\S+)/.exec(greeting);
      const login = (who: string) => {
        const found = new RegExp(`${who} logs in as +(\\S+), (\\S+)`).exec(greeting);
        return found && { email: found[1]!, password: found[2]! };
      };
      const [parent, admin] = [login("A parent"), login("An administrator")];
      if (address && parent && admin) {
        // What it prints from now on must not fill the pipe.
        server.stdout.resume();
        return new DemoServer(server, folder, address[1]!, parent, admin);
      }
    }
    throw new Error(`the server did not start: ${printed.join("\n")}`);
  }

  /** Stops it, and removes its directory. */
  async stop(): Promise<void> {
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
    await rm(this.folder, { recursive: true });
  }
}
