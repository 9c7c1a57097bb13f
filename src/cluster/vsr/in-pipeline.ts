/**
 * Which client's request is in the pipeline: at most one of each client. A few entries that come and go with every
 * operation, so they stand in two arrays that are searched from the front; a Map would rebuild its table again and again.
 */
export class InPipeline {
  private readonly clients: number[];
  private readonly requests: number[];
  private size: number;

  constructor() {
    this.clients = [];
    this.requests = [];
    this.size = 0;
  }

  /** The client's request that is in the pipeline, or -1. */
  requestOf(client: number): number {
    const at = this.find(client);
    return at < 0 ? -1 : (this.requests[at] as number);
  }

  has(client: number): boolean {
    return this.find(client) >= 0;
  }

  set(client: number, request: number): void {
    let at = this.find(client);
    if (at < 0) at = this.size++;
    this.clients[at] = client;
    this.requests[at] = request;
  }

  /** Takes the client's entry out if it is for this request. */
  remove(client: number, request: number): void {
    const at = this.find(client);
    if (at < 0 || this.requests[at] !== request) return;
    this.size--;
    this.clients[at] = this.clients[this.size] as number;
    this.requests[at] = this.requests[this.size] as number;
  }

  clear(): void {
    this.size = 0;
  }

  private find(client: number): number {
    for (let at = 0; at < this.size; at++) if (this.clients[at] === client) return at;
    return -1;
  }
}
