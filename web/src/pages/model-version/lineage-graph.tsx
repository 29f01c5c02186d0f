import { Link } from '@tanstack/react-router';
import { useLayoutEffect, useRef, useState } from 'react';
import styles from './lineage-graph.module.css';
import { ACROSS_FROM, fitted, layAcross, layDown } from './lineage-layout.ts';
import type { Box } from './lineage-layout.ts';
import type { LineageNode, LineageParts } from './lineage-nodes.ts';

/**
 * Where a version comes from and where it went. What has a page is a link to it. It lies across where there is room and
 * goes down where there is not.
 */
export function LineageGraph({ label, parts }: { readonly label: string; readonly parts: LineageParts }) {
  const frame = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(ACROSS_FROM);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const look = (): void => setRoom(element.clientWidth);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const across = room >= ACROSS_FROM;
  const layout = across ? layAcross(parts) : layDown(parts, Math.min(Math.max(room, 200), 480));
  return (
    <div ref={frame} className={styles.frame}>
      <svg
        width={layout.width}
        height={layout.height}
        className={styles.picture}
        role="group"
        aria-label={label}
      >
        <g aria-hidden="true">
          {layout.edges.map((edge) => (
            <path key={edge.key} d={edge.d} className={styles.edge} data-ahead={edge.ahead || undefined} />
          ))}
          {!across &&
            layout.boxes.map((box) => (
              <circle key={box.node.key} cx={8} cy={box.y + box.height / 2} r={4} className={styles.dot} />
            ))}
        </g>
        {layout.boxes.map((box) => (
          <NodeView key={box.node.key} box={box} />
        ))}
      </svg>
    </div>
  );
}

function NodeView({ box }: { readonly box: Box }) {
  const { node } = box;
  const label = `${node.kind} ${node.text}`;
  if (node.to === null)
    return (
      <g role="img" aria-label={label} className={styles.node} data-state={node.state} data-hint={node.hint}>
        <Face box={box} />
      </g>
    );
  return (
    <Link to={node.to} className={styles.node} data-state={node.state} data-link data-hint={node.hint}>
      <Face box={box} />
    </Link>
  );
}

const Face = ({ box: { node, x, y, width, height } }: { readonly box: Box }) => (
  <>
    <rect x={x + 0.5} y={y + 0.5} width={width - 1} height={height - 1} rx={4} />
    <text x={x + 12} y={y + 17} className={styles.kind}>
      {node.kind}
    </text>
    <text x={x + 12} y={y + 34} className={styles.text}>
      {fitted(node.text, width - 24)}
    </text>
  </>
);

/** The same in words, for those who do not see it, and to copy from. */
export const LineageText = ({ parts: { sources, line } }: { readonly parts: LineageParts }) => (
  <details className={styles.words}>
    <summary>In words</summary>
    <p>Made from:</p>
    <ul>
      {sources.map((node) => (
        <Words key={node.key} node={node} />
      ))}
    </ul>
    <p>Then, one after the other:</p>
    <ol>
      {line.map((node) => (
        <Words key={node.key} node={node} />
      ))}
    </ol>
  </details>
);

const Words = ({ node }: { readonly node: LineageNode }) => (
  <li>
    {node.kind}: {node.to === null ? node.text : <Link to={node.to}>{node.text}</Link>}
    {node.hint !== `${node.kind} ${node.text}` && <span className="muted"> ({node.hint})</span>}
  </li>
);
