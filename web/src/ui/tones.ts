import { useEffect, useState } from 'react';
import type { Tone } from './states.ts';

/** The colours as they are now, for what is drawn on a canvas, which knows no custom properties. */
export type Colours = Readonly<
  Record<Tone | 'text' | 'muted' | 'panel' | 'rule' | 'edge' | 'accent', string>
>;

/** Follows the theme: the system's and the one that was chosen. */
export function useColours(): Colours {
  const [colours, setColours] = useState(read);
  useEffect(() => {
    const again = (): void => setColours(read());
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', again);
    const observer = new MutationObserver(again);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      dark.removeEventListener('change', again);
      observer.disconnect();
    };
  }, []);
  return colours;
}

/** An element has to wear a colour before the browser says what it comes to. */
function read(): Colours {
  const probe = document.createElement('span');
  document.body.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours: Colours = {
    ok: colour('ok'),
    failed: colour('failed'),
    running: colour('running'),
    waiting: colour('waiting'),
    canceled: colour('canceled'),
    idle: colour('idle'),
    text: colour('text'),
    muted: colour('muted'),
    panel: colour('panel'),
    rule: colour('rule'),
    edge: colour('edge'),
    accent: colour('accent'),
  };
  probe.remove();
  return colours;
}
