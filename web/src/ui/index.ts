/** What pages are made of. */
export { Button, buttonLook } from './button.tsx';
export { Command } from './command.tsx';
export { ConfirmButton } from './confirm.tsx';
export { Counts } from './counts.tsx';
export { DataTable } from './data-table.tsx';
export type { Column } from './data-table.tsx';
export { Dialog, DialogFoot } from './dialog.tsx';
export { CheckBox, Field, Filters, SearchBox, SelectBox } from './field.tsx';
export { bytes, count, duration, exactTime, fromNow, localTime, plural, secondsBetween } from './format.ts';
export { HintLayer } from './hint.tsx';
export { Empty, ErrorNotice, Notice } from './notice.tsx';
export { Page, Section } from './page.tsx';
export { Skeleton } from './skeleton.tsx';
export { lookOf } from './states.ts';
export { Status, StatusBadge, StatusShape } from './status.tsx';
export { Tabs } from './tabs.tsx';
export { Seconds, Time, Took, useNow } from './time.tsx';
export { Toasts, toast } from './toast.tsx';
