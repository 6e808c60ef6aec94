/** The real server, in a folder of its own and on a free port. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Api } from "../../src/common/api";
const binary = resolve(process.env["GOLDSTAR_BIN"] ?? join(import.meta.dirname, "../../../../../../target/debug/goldstar"));
const password = "correct horse battery";
const running = new Set();
// Also where a test run is broken off, no server stays behind.
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
export class Goldstar {
    #folder;
    #process;
    #baseUrl = "";
    constructor(folder) {
        this.#folder = folder;
    }
    /** Starts a server that has an administrator, `ada@example.org`. */
    static async start() {
        const goldstar = new Goldstar(await mkdtemp(join(tmpdir(), "goldstar-")));
        // The command takes a directory that holds a table at least.
        await mkdir(goldstar.#at("data"));
        await writeFile(join(goldstar.#at("data"), "users.json"), '{"_default": {}}');
        const made = goldstar.#spawn(["admin", "create", "--email", "ada@example.org"]);
        made.stdin?.end(`${password}\n`);
        const [status] = await once(made, "exit");
        if (status !== 0)
            throw new Error(`admin create ended with status ${status}`);
        await goldstar.restart();
        return goldstar;
    }
    /** `http://127.0.0.1:<port>`; another one after a restart. */
    get baseUrl() {
        return this.#baseUrl;
    }
    async restart() {
        const server = this.#spawn(["serve", "--listen", "127.0.0.1:0"]);
        this.#process = server;
        if (server.stdout === null)
            throw new Error("its output isn't a pipe");
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
    async kill() {
        if (this.#process === undefined || this.#process.exitCode !== null)
            return;
        const ended = once(this.#process, "exit");
        this.#process.kill("SIGKILL");
        await ended;
        this.#process = undefined;
    }
    /** Kills it, and removes its folder. */
    async remove() {
        await this.kill();
        await rm(this.#folder, { recursive: true });
    }
    /** Copies the records, while no server runs. */
    backUp() {
        return cp(this.#at("data"), this.#at("backup"), { recursive: true, filter: (path) => !path.endsWith(".sock") });
    }
    /** Puts the copy in the place of the records, while no server runs. */
    async restoreBackup() {
        await rm(this.#at("data"), { recursive: true });
        await rm(this.#at("logs"), { recursive: true });
        await rename(this.#at("backup"), this.#at("data"));
    }
    signUp(email, baseUrl = this.#baseUrl) {
        const account = { first_name: "Paula", last_name: "Parent", email, password };
        return this.#session("/auth/signup", account, baseUrl);
    }
    logIn(email, baseUrl = this.#baseUrl) {
        return this.#session("/auth/login", { email, password }, baseUrl);
    }
    /** A child's session, in the place of a parent's. */
    becomeChild(parent, childId) {
        const headers = { Authorization: `Bearer ${parent.token}` };
        return this.#session("/auth/child-session", { child_id: childId }, this.#baseUrl, headers);
    }
    async #session(path, body, baseUrl, headers = {}) {
        const response = await fetch(this.#baseUrl + path, {
            method: "POST",
            headers: { "Content-Type": "application/json", ...headers },
            body: JSON.stringify(body),
        });
        if (!response.ok)
            throw new Error(await response.text());
        const token = /^session=(\w+)/.exec(response.headers.getSetCookie()[0] ?? "")?.[1];
        if (token === undefined)
            throw new Error("no session's cookie came");
        return { token, api: new Api({ baseUrl, token, retryDelay: () => 50 }) };
    }
    #at(name) {
        return join(this.#folder, name);
    }
    #spawn(command) {
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
export async function family({ api }) {
    const make = (path, body) => api.request("POST", path, { body });
    const { child } = await make("/children", { name: "Mía", points: 10 });
    const { task } = await make("/tasks", { name: "Make the bed", points: 5 });
    const { task: penalty } = await make("/tasks", {
        name: "Hit a sibling",
        points: 5,
        is_good: false,
    });
    const { reward } = await make("/rewards", { name: "Ice cream", cost: 12 });
    return { child, task, penalty, reward };
}
