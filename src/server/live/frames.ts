const encoder = new TextEncoder();

/** One message of an event stream, as it goes over the line. Source: HTML Standard, "Server-sent events". */
export function frame(event: string, data: unknown, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Tells the other end where it stands without saying anything to the page, and how long it waits before it comes again. */
export const placeFrame = (id: number, retry_ms: number): string => `retry: ${retry_ms}\nid: ${id}\n\n`;

/** Keeps what lies between from taking the line for dead. */
export const HEARTBEAT = ':\n\n';

export const bytesOf = (text: string): Uint8Array => encoder.encode(text);
