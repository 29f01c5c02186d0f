import { useState } from 'react';
import { Button } from './button.tsx';
import styles from './command.module.css';

/** A command as it is typed, to be copied. */
export function Command({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <span className={styles.command}>
      <code>{text}</code>
      {/* Browsers lend the clipboard to secure pages only. */}
      {window.isSecureContext && (
        <Button small aria-label={`Copy ${text}`} onClick={() => void copy()}>
          {copied ? 'Copied' : 'Copy'}
        </Button>
      )}
    </span>
  );
}
