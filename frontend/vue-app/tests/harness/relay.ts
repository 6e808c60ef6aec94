/** A way to the server that keeps its address when the server gets another one, and can be cut. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Where it leads to; undefined: connections are cut at once. */
  target: string | undefined;
  /** So many times a connection is cut when an answer comes, in the place of handing it on. */
  answersToLose = 0;

  private constructor(target: string) {
    this.target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(target: string): Promise<Relay> {
    const relay = new Relay(target);
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts every connection that there is. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #accept(client: Socket): void {
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
    for (const [socket, other] of [[client, server], [server, client]] as const) {
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
