/** A way to the server that keeps its address when the server gets another one, and can be cut. */
import { once } from "node:events";
import * as http from "node:http";
import { connect, createServer } from "node:net";
export class Relay {
    #server;
    #sockets = new Set();
    /** Where it leads to; undefined: connections are cut at once. */
    target;
    /** So many times a connection is cut when an answer comes, in the place of handing it on. */
    answersToLose = 0;
    constructor(target) {
        this.target = target;
        this.#server = createServer((client) => this.#accept(client));
    }
    static async start(target) {
        const relay = new Relay(target);
        await listen(relay.#server);
        return relay;
    }
    get baseUrl() {
        return urlOf(this.#server);
    }
    /** Cuts every connection that there is. */
    cut() {
        for (const socket of this.#sockets)
            socket.destroy();
    }
    close() {
        this.cut();
        this.#server.close();
    }
    #accept(client) {
        if (this.target === undefined) {
            client.destroy();
            return;
        }
        const { hostname, port } = new URL(this.target);
        const server = connect(Number(port), hostname);
        client.pipe(server);
        server.on("data", (answer) => {
            if (this.answersToLose === 0) {
                client.write(answer);
                return;
            }
            this.answersToLose -= 1;
            client.destroy();
        });
        for (const [socket, other] of [[client, server], [server, client]]) {
            this.#sockets.add(socket);
            // Its end is all that counts, be it by an error or not.
            socket.on("error", () => undefined);
            socket.on("close", () => {
                this.#sockets.delete(socket);
                other.destroy();
            });
        }
    }
}
/** A proxy whose server is down, or that leads elsewhere: it answers all requests the same. */
export class BadGateway {
    #server;
    constructor(status, body) {
        this.#server = http.createServer((_, response) => response.writeHead(status).end(body));
    }
    static async start(status = 502, body = "<h1>Bad Gateway</h1>") {
        const proxy = new BadGateway(status, body);
        await listen(proxy.#server);
        return proxy;
    }
    get baseUrl() {
        return urlOf(this.#server);
    }
    close() {
        this.#server.closeAllConnections();
        this.#server.close();
    }
}
async function listen(server) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
}
function urlOf(server) {
    return `http://127.0.0.1:${server.address().port}`;
}
