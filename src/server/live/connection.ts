/** So much may wait for a slow client, in bytes; then it is cut off, and comes again from where it stood. */
const MOST_WAITING = 1024 * 1024;
/** Whoever catches up is sent more once so little waits. */
const LITTLE = 64 * 1024;

/** One open stream: what was sent to it and not taken yet waits here, up to a limit. */
export class Connection {
  readonly stream: ReadableStream<Uint8Array>;
  /** Only what concerns this run; null: everything. */
  readonly run_id: string | null;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #roomy: (() => void) | null = null;
  readonly #onClose: (connection: Connection) => void;

  constructor(run_id: string | null, onClose: (connection: Connection) => void) {
    this.run_id = run_id;
    this.#onClose = onClose;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#roomy?.(),
        cancel: () => this.#close(),
      },
      { highWaterMark: MOST_WAITING, size: (chunk) => chunk.byteLength },
    );
  }

  get open(): boolean {
    return this.#controller !== null;
  }

  /** Sends, or cuts off whoever has not taken what was sent before. False: it is closed. */
  send(bytes: Uint8Array): boolean {
    const controller = this.#controller;
    if (controller === null) return false;
    if ((controller.desiredSize ?? 0) <= 0) {
      this.#close();
      // Not closed but broken: what waits would be kept until it is taken, which may be never.
      controller.error(new Error('The client does not take what is sent to it.'));
      return false;
    }
    controller.enqueue(bytes);
    return true;
  }

  /** Resolves once there is room for more, or nobody to send to. */
  async room(): Promise<void> {
    while (this.#controller !== null && (this.#controller.desiredSize ?? 0) < MOST_WAITING - LITTLE)
      await new Promise<void>((resolve) => (this.#roomy = resolve));
  }

  /** Ends it in good order. */
  end(): void {
    const controller = this.#controller;
    this.#close();
    controller?.close();
  }

  #close(): void {
    if (this.#controller === null) return;
    this.#controller = null;
    this.#roomy?.();
    this.#onClose(this);
  }
}
