import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "vitest";
import { parse } from "yaml";

export const root = join(import.meta.dirname, "../../../..");

/** A service of the compose file. */
interface Service {
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  networks?: { default: { ipv4_address: string } };
}

/** What a container of the server runs. */
interface Container {
  /** The program and its arguments. */
  command: string[];
  environment: Record<string, string>;
}

/** packaging/compose.yaml, and the Dockerfile that its servers are built from. */
export class Compose {
  readonly #services: Record<string, Service>;
  readonly #dockerfile = readFileSync(join(root, "Dockerfile"), "utf8").replaceAll("\\\n", " ");

  constructor() {
    const text = readFileSync(join(root, "packaging/compose.yaml"), "utf8");
    this.#services = (parse(text, { merge: true }) as { services: Record<string, Service> }).services;
  }

  /** The names of the servers, which are the services with Goldstar's image. */
  get servers(): string[] {
    return Object.keys(this.#services).filter((name) => this.#service(name).build === "..");
  }

  container(name: string): Container {
    const { command, environment } = this.#service(name);
    const words = (instruction: string) => JSON.parse(this.#instruction(instruction)) as string[];
    const pairs = this.#instruction("ENV").split(/\s+/).map((pair) => pair.split("="));
    return {
      command: [...words("ENTRYPOINT"), ...(command ?? words("CMD"))],
      environment: { ...(Object.fromEntries(pairs) as object), ...environment },
    };
  }

  /** The name of the database, whose server, user and password must be those in the servers' URL. */
  database(url: string): string {
    const [host] = Object.keys(this.#services).filter((name) => "POSTGRES_DB" in this.#variables(name));
    const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: name } = this.#variables(host!);
    expect(url).toBe(`postgres://${user}:${password}@${host}/${name}`);
    return name!;
  }

  /** nginx's configuration. Its service must have the files that it names, and the address that the
   *  servers trust. */
  nginx(trusted: string): string {
    const configuration = readFileSync(join(root, "packaging/nginx.conf"), "utf8");
    const { volumes = [], ports, networks } = this.#service("proxy");
    const folders = volumes.map((volume) => volume.split(":")[1]!);
    expect(volumes[0]).toMatch(/^\.\/nginx\.conf:\/etc\/nginx\/conf\.d\/\w+\.conf:ro$/);
    const paths = [...configuration.matchAll(/\s(\/(?:etc|var)\/[^;]+);/g)].map(([, path]) => path!);
    expect(paths).toHaveLength(3);
    for (const path of paths) expect(folders.some((folder) => path.startsWith(folder)), path).toBe(true);
    expect(ports).toEqual(["443:443"]);
    expect(networks?.default.ipv4_address).toBe(trusted);
    return configuration;
  }

  #variables(name: string): Record<string, string> {
    return this.#service(name).environment ?? {};
  }

  #service(name: string): Service {
    const service = this.#services[name];
    if (!service) throw new Error(`packaging/compose.yaml has no service ${name}`);
    return service;
  }

  /** The rest of the Dockerfile's last instruction of that name. */
  #instruction(name: string): string {
    const lines = this.#dockerfile.split("\n").filter((line) => line.startsWith(`${name} `));
    return lines.at(-1)!.slice(name.length).trim();
  }
}

/** Replaces texts, each of which must occur. */
export function put(text: string, replacements: [string, string][]): string {
  return replacements.reduce((changed, [from, to]) => {
    expect(changed).toContain(from);
    return changed.replaceAll(from, to);
  }, text);
}
