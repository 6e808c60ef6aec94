import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A network between a browser and a server, which can be cut: a TCP proxy. */
export class Network {
  private isCut = false;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly listener: Server) {}

  /** Listens on a port of its own, and passes on to that address. */
  static async before(address: string): Promise<Network> {
    const { hostname, port } = new URL(address);
    const listener = createServer();
    const network = new Network(listener);
    listener.on("connection", (browser: Socket) => {
      if (network.isCut) {
        browser.destroy();
        return;
      }
      const server = connect(Number(port), hostname);
      network.join(browser, server);
      network.join(server, browser);
    });
    await once(listener.listen(0, "127.0.0.1"), "listening");
    return network;
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.pipe(to);
    // A connection that breaks on the one side is broken on the other, too.
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }

  /** What a browser asks instead of the server. */
  get address(): string {
    const { port } = this.listener.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Breaks every connection, and lets none through, until `restore`. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  restore(): void {
    this.isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    const closed = once(this.listener, "close");
    this.listener.close();
    await closed;
  }
}
