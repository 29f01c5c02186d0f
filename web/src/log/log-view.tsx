import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Button, CheckBox, ErrorNotice, bytes, count } from '../ui/index.ts';
import { LogLine } from './log-line.tsx';
import styles from './log-view.module.css';
import { useLog } from './use-log.ts';
import { useSearch } from './use-search.ts';

interface LogViewProps {
  readonly job: string;
  readonly attempt: number;
  /** The line that the address points at, from 1. */
  readonly line: number | undefined;
  readonly onLine: (line: number | undefined) => void;
  readonly q: string;
  readonly onSearch: (q: string) => void;
}

/** A log of any length: it follows what is printed, is searched with Enter, and every line of it has an address. */
export function LogView({ job, attempt, line, onLine, q, onSearch }: LogViewProps) {
  const [again, setAgain] = useState(0);
  const { log, version, stands, left_out, error } = useLog(job, attempt, again);
  const [follow, setFollow] = useState(line === undefined);
  const [wrap, setWrap] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  // The address follows what is typed; it comes late, and would take away letters that were typed meanwhile.
  const [text, setText] = useState(q);
  const search = useSearch(log, version, text);
  const virtual = useVirtualizer({
    count: log.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 30,
  });

  useEffect(() => virtual.measure(), [wrap, virtual]);
  useEffect(() => {
    if (follow && log.count > 0) virtual.scrollToIndex(log.count - 1, { align: 'end' });
  }, [follow, version, log, virtual]);
  // Once the line that was asked for is there, it is shown; after that whoever reads scrolls.
  const pointed = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (line === undefined || pointed.current === line || line > log.count) return;
    pointed.current = line;
    virtual.scrollToIndex(line - 1, { align: 'center' });
  }, [line, version, log, virtual]);
  useEffect(() => {
    if (search.current !== null) virtual.scrollToIndex(search.current, { align: 'center' });
  }, [search.current, virtual]);

  const go = (step: 1 | -1): void => {
    setFollow(false);
    search.go(step, text);
  };
  const top = useRef(0);
  /** Whoever goes back, by whatever means, reads; where it only became shorter, the end is still in sight. */
  const scrolled = ({ scrollTop, scrollHeight, clientHeight }: HTMLDivElement): void => {
    if (scrollTop < top.current && scrollHeight - clientHeight - scrollTop > 1) setFollow(false);
    top.current = scrollTop;
  };
  const digits = useMemo(() => String(Math.max(100, log.count)).length, [log, version]);
  return (
    <div className={styles.view}>
      <div className={styles.bar} role="search">
        <input
          type="search"
          aria-label="Search in the log"
          placeholder="Search, Enter for the next"
          value={text}
          className={styles.search}
          onChange={(event) => {
            setText(event.target.value);
            onSearch(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            go(event.shiftKey ? -1 : 1);
          }}
        />
        <Button small disabled={search.hits === 0} aria-label="Previous match" onClick={() => go(-1)}>
          ↑
        </Button>
        <Button small disabled={search.hits === 0} aria-label="Next match" onClick={() => go(1)}>
          ↓
        </Button>
        <span role="status" className="muted">
          {text !== '' && search.hits > 0 && `${search.place} of ${count(search.hits)}`}
          {search.hits === 0 && search.of !== '' && stands !== 'loading' && 'no match'}
        </span>
        <span className={styles.space} />
        <CheckBox label="Wrap" checked={wrap} onChange={setWrap} />
        {stands !== 'over' && <CheckBox label="Follow" checked={follow} onChange={setFollow} />}
        <span className="muted">
          {stands === 'loading'
            ? 'reading …'
            : `${count(log.count)} lines${stands === 'over' ? '' : ', going on'}`}
        </span>
      </div>
      {left_out > 0 && (
        <p className="muted">
          The first {bytes(left_out)} are left out here. The whole of it: trainyard jobs logs {job} --attempt{' '}
          {attempt}
        </p>
      )}
      {error !== null && <ErrorNotice error={error} retry={() => setAgain(again + 1)} />}
      <div
        ref={scroller}
        className={styles.scroller}
        role="log"
        aria-live="off"
        aria-label={`Log of ${job}, attempt ${attempt}`}
        tabIndex={0}
        onScroll={(event) => scrolled(event.currentTarget)}
        onKeyDown={(event) => {
          if (event.key === 'End') setFollow(stands !== 'over');
        }}
      >
        {stands !== 'loading' && log.count === 0 && error === null && (
          <p className={styles.nothing}>
            {stands === 'over' ? 'It printed nothing.' : 'Nothing printed yet.'}
          </p>
        )}
        <div
          className={styles.lines}
          style={{ height: virtual.getTotalSize() }}
          data-wrap={wrap || undefined}
        >
          {virtual.getVirtualItems().map((item) => (
            <LogLine
              key={item.key}
              ref={wrap ? virtual.measureElement : undefined}
              index={item.index}
              top={item.start}
              spans={log.line(item.index)}
              digits={digits}
              pointed={line === item.index + 1}
              found={search.current === item.index}
              q={text}
              onPoint={() => {
                setFollow(false);
                pointed.current = item.index + 1;
                onLine(line === item.index + 1 ? undefined : item.index + 1);
              }}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

const LINE_HEIGHT = 20;
