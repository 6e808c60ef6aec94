import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
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

/** How to start a server. */
interface Start {
  /** Whether it begins with the demo family. */
  demo?: boolean;
  /** The folder of a server that has ended; otherwise a new one. */
  folder?: string;
  /** Where it listens; otherwise on a free port. */
  listen?: string;
}

/** The real server, on a directory of its own. */
export class Server {
  private constructor(
    private process: ChildProcess,
    /** It contains `data` and `logs`. */
    readonly folder: string,
    /** `http://127.0.0.1:<port>` */
    readonly address: string,
    /** What it has printed at its start. */
    readonly greeting: string,
  ) {}

  /** Starts it, and waits until it serves. */
  static async start({ demo, folder, listen = "127.0.0.1:0" }: Start = {}): Promise<Server> {
    const binary = resolve(process.env.GOLDSTAR_BIN ?? "../../target/debug/goldstar");
    folder ??= await mkdtemp(join(tmpdir(), "goldstar-browser-"));
    // Settings of this machine's own server are none of the test's.
    const settings = Object.entries(process.env).filter(([name]) => !name.startsWith("GOLDSTAR_"));
    const server = spawn(binary, [...(demo ? ["--demo"] : []), "--listen", listen, "--server-log", "warn"], {
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
      if (address && (demo ? /An administrator logs in as/ : /API: /).test(greeting)) {
        // What it prints from now on must not fill the pipe.
        server.stdout.resume();
        return new Server(server, folder, address[1]!, greeting);
      }
    }
    throw new Error(`the server did not start: ${printed.join("\n")}`);
  }

  /** Ends the process with a signal, and waits until it has ended. Its files remain. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }

  /** Starts it again after its end, at the same address and with the same files. */
  async again(): Promise<void> {
    const { process } = await Server.start({ folder: this.folder, listen: new URL(this.address).host });
    this.process = process;
  }

  /** Stops it, and removes its directory. */
  async stop(): Promise<void> {
    await this.end("SIGTERM");
    await rm(this.folder, { recursive: true });
  }
}

/** The data of a demo, and how to log in. */
interface Prepared {
  folder: string;
  greeting: string;
}
/** The demo's history takes some seconds to write, so it is written once and then copied. */
let prepared: Promise<Prepared> | undefined;

async function prepare(): Promise<Prepared> {
  const server = await Server.start({ demo: true });
  await server.end("SIGTERM");
  process.once("exit", () => rmSync(server.folder, { recursive: true }));
  return server;
}

/** A server with the demo family. */
export class DemoServer {
  /** The demo's parent. */
  readonly parent: Login;
  /** The demo's administrator. */
  readonly admin: Login;

  private constructor(readonly server: Server, greeting: string) {
    const login = (who: string): Login => {
      const [, email, password] = new RegExp(`${who} logs in as +(\\S+), (\\S+)`).exec(greeting)!;
      return { email: email!, password: password! };
    };
    this.parent = login("A parent");
    this.admin = login("An administrator");
  }

  static async start(): Promise<DemoServer> {
    prepared ??= prepare();
    const { folder: original, greeting } = await prepared;
    const folder = await mkdtemp(join(tmpdir(), "goldstar-browser-"));
    await cp(original, folder, { recursive: true });
    return new DemoServer(await Server.start({ folder }), greeting);
  }

  /** A server with the page `/demo` too, which only `--demo` has. */
  static async startWithItsPage(): Promise<DemoServer> {
    const server = await Server.start({ demo: true });
    return new DemoServer(server, server.greeting);
  }

  get address(): string {
    return this.server.address;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
