import type { Message } from './message.ts';

/** What one attempt came to. An outcome, whatever went wrong: a channel that fails is nothing to throw for. */
export type Outcome =
  | {
      readonly kind: 'delivered';
      /** What the other end said. */
      readonly answer: string;
      /** Where a living message is found again. */
      readonly ref?: string;
      /** What was not quite as it should be, for example an address that was refused while others were not. */
      readonly flaw?: string;
    }
  | {
      readonly kind: 'later';
      readonly error: string;
      /** When the other end wants to be asked again; null: by our own patience. */
      readonly retry_after_ms: number | null;
    }
  | { readonly kind: 'never'; readonly error: string; readonly hint: string | null };

/** What is sent in one attempt. `id` is the same at every attempt. */
export type Parcel =
  | { readonly kind: 'event'; readonly id: string; readonly body: string }
  | {
      readonly kind: 'message';
      readonly id: string;
      readonly message: Message;
      /** What belongs to one run is one conversation, where the channel knows such a thing. */
      readonly thread: { readonly id: string; readonly subject: string; readonly opens: boolean } | null;
      /** Goes below this living message instead of beside it. */
      readonly below: string | null;
    }
  | {
      readonly kind: 'living';
      readonly id: string;
      readonly message: Message;
      /** The message that is brought up to date; null: it is the first. */
      readonly ref: string | null;
    };

export interface Sender {
  /** Sends once. Settles soon after `cut` is aborted. */
  send(parcel: Parcel, cut: AbortSignal): Promise<Outcome>;
}
