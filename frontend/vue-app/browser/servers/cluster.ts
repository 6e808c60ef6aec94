import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";

/** The script that the tests in Rust start their clusters with. */
const script = join(import.meta.dirname, "../../../../tests/http/harness/cluster/own.sh");

/** A PostgreSQL server in a temporary directory, with a superuser `goldstar`. */
export class Cluster {
  private constructor(
    private readonly process: ChildProcess,
    /** The directory of its Unix socket. */
    readonly directory: string,
  ) {}

  /** Starts it, with a database of that name. */
  static async start(database: string): Promise<Cluster> {
    // Debian does not put these programs into the PATH.
    const [version] = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a));
    const programs = `/usr/lib/postgresql/${version}/bin`;
    const asPostgres = ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"];
    const isRoot = process.getuid?.() === 0;
    const words = ["sh", script, programs, "", "local all all trust", "5432"];
    const settings = ["-c", "listen_addresses=", "-c", "fsync=off"];
    // The script stops the server and removes the directory at the end of its input.
    const child = spawn("setpriv", [...(isRoot ? asPostgres : []), ...words, ...settings], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const directory = String((await lines.next()).value);
    child.stdin.write("start\n");
    const started = await lines.next();
    if (started.value !== "done") throw new Error(`PostgreSQL did not start: ${directory} ${started.value}`);
    const createdb = join(programs, "createdb");
    execFileSync(createdb, ["--host", directory, "--username", "goldstar", database]);
    return new Cluster(child, directory);
  }

  async stop(): Promise<void> {
    const ended = once(this.process, "exit");
    this.process.stdin?.end();
    await ended;
  }
}
