import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Hands something to a browser and takes it back, so that nobody reads or changes it on the way. */
export interface Sealer {
  seal(text: string): string;
  /** Null: it is not ours, or of another process. */
  open(sealed: string): string | null;
}

const IV = 12;
const TAG = 16;

/** With a key that lives as long as the process. */
export function sealer(): Sealer {
  const key = randomBytes(32);
  return {
    seal: (text) => {
      const iv = randomBytes(IV);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
    },
    open: (sealed) => {
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes.length <= IV + TAG) return null;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV));
      decipher.setAuthTag(bytes.subarray(IV, IV + TAG));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(IV + TAG)), decipher.final()]).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}
