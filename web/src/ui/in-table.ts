import { createContext } from 'react';

/** Whether a component stands in a row of a table, where only the row itself takes the focus. */
export const InTable = createContext(false);
