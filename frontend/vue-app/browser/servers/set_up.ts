import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "../../tests/harness/events";
import { Cluster } from "./cluster";
import { Compose, put, root } from "./compose";

const running = new Set<ChildProcess>();
// Also where a run is broken off, no process stays behind.
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Starts a program in a folder, with these variables and those that programs in general need. */
function start(command: string[], cwd: string, variables: Record<string, string>): ChildProcess {
  const [program, ...words] = command;
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("GOLDSTAR_"));
  const env = { ...Object.fromEntries(others), ...variables };
  const child = spawn(program!, words, { cwd, env, stdio: ["pipe", "ignore", "inherit"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until something accepts connections there. */
async function listening(port: number): Promise<void> {
  await until(async () => {
    const socket = connect(port, "127.0.0.1");
    const answer = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false, () => false),
    ]).catch(() => false);
    socket.destroy();
    return answer;
  });
}

/** One of the servers. */
export class Server {
  #process: ChildProcess | undefined;

  constructor(
    private readonly command: string[],
    private readonly folder: string,
    private readonly variables: Record<string, string>,
    private readonly port: number,
  ) {}

  /** Its own address, past the proxy. */
  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.#process = start(this.command, this.folder, this.variables);
    await listening(this.port);
  }

  /** Stops it, as `docker compose stop` does. */
  async stop(): Promise<void> {
    if (!this.#process) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
    this.#process = undefined;
  }

  /** Runs another command of the program, such as `admin create`. */
  async run(command: string[], input: string): Promise<void> {
    const child = start([this.command[0]!, ...command], this.folder, this.variables);
    child.stdin?.end(input);
    const [status] = await once(child, "exit");
    if (status !== 0) throw new Error(`${command.join(" ")} ended with status ${status}`);
  }
}

/** The set-up of packaging/compose.yaml without containers: only paths, addresses and ports differ. */
export class SetUp {
  private constructor(
    private readonly folder: string,
    private readonly cluster: Cluster,
    private readonly proxy: ChildProcess,
    readonly servers: Server[],
    /** The port of the proxy on this machine. */
    readonly port: number,
    /** What browsers see. */
    readonly site: string,
  ) {}

  static async start(): Promise<SetUp> {
    const compose = new Compose();
    const folder = await mkdtemp(join(tmpdir(), "goldstar-servers-"));
    const port = await freePort();
    const { environment } = compose.container(compose.servers[0]!);
    const url = environment["GOLDSTAR_DATABASE_URL"]!;
    const cluster = await Cluster.start(compose.database(url));
    const site = `${environment["GOLDSTAR_PUBLIC_URL"]}:${port}`;
    const servers = await Promise.all(
      compose.servers.map((name) => server(compose, name, folder, site, cluster)),
    );
    // Both start at the same time, on a database without tables.
    await Promise.all(servers.map((it) => it.start()));
    const upstreams = compose.servers.map((name, at): [string, string] => [
      `server ${name}:5000 `,
      `server ${new URL(servers[at]!.address).host} `,
    ]);
    const configuration = put(compose.nginx(environment["GOLDSTAR_TRUSTED_PROXIES"]!), upstreams);
    const proxy = await nginx(configuration, join(folder, "proxy"), port);
    return new SetUp(folder, cluster, proxy, servers, port, site);
  }

  async stop(): Promise<void> {
    const ended = once(this.proxy, "exit");
    this.proxy.kill("SIGKILL");
    await Promise.all([ended, ...this.servers.map((it) => it.stop())]);
    await this.cluster.stop();
    await rm(this.folder, { recursive: true });
  }
}

/** A server of the compose file that is not started yet. */
async function server(
  compose: Compose,
  name: string,
  folder: string,
  site: string,
  cluster: Cluster,
): Promise<Server> {
  const { command, environment } = compose.container(name);
  const own = join(folder, name);
  await mkdir(own);
  const port = await freePort();
  const password = environment["GOLDSTAR_DATABASE_URL"]!.replace(/\$\{.*\}/, "secret");
  const variables = {
    ...environment,
    GOLDSTAR_LISTEN: `127.0.0.1:${port}`,
    GOLDSTAR_DATA_DIR: join(own, "data"),
    GOLDSTAR_LOG_DIR: join(own, "logs"),
    GOLDSTAR_DATABASE_URL: `${password.replace("@database/", "@/")}?host=${cluster.directory}`,
    GOLDSTAR_PUBLIC_URL: site,
    GOLDSTAR_TRUSTED_PROXIES: "127.0.0.1",
    GOLDSTAR_SERVER_LOG: "error",
  };
  const program = process.env["GOLDSTAR_BIN"] ?? join(root, "target/debug/goldstar");
  return new Server([program, ...command.slice(1)], own, variables, port);
}

/** Starts nginx with the configuration of a site. */
async function nginx(site: string, folder: string, port: number): Promise<ChildProcess> {
  await mkdir(join(folder, "www"), { recursive: true });
  await writeFile(join(folder, "www/index.html"), "<!doctype html><title>Goldstar</title>\n");
  const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
  const names = "-keyout key.pem -out cert.pem -subj /CN=goldstar.example.org";
  execFileSync("openssl", `${request} ${names}`.split(" "), { cwd: folder, stdio: "ignore" });
  const own = put(site, [
    ["listen [::]:443 ssl http2;", ""],
    ["listen 443 ssl http2;", `listen 127.0.0.1:${port} ssl http2;`],
    ["/etc/ssl/goldstar/fullchain.pem", join(folder, "cert.pem")],
    ["/etc/ssl/goldstar/privkey.pem", join(folder, "key.pem")],
    ["/var/www/goldstar", join(folder, "www")],
  ]);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};\n`,
  );
  // A single process, which ends when it is killed.
  const head = `daemon off;\nmaster_process off;\npid ${join(folder, "pid")};\nevents {}\n`;
  const http = `http {\naccess_log off;\n${temporary.join("")}${own}}\n`;
  await writeFile(join(folder, "nginx.conf"), head + http);
  const words = ["-e", "stderr", "-c", join(folder, "nginx.conf"), "-p", folder];
  const proxy = start(["nginx", ...words], folder, {});
  await listening(port);
  return proxy;
}
