import { z } from 'zod';

/** A moment: ISO text in UTC. */
export const Time = z.string().meta({ format: 'date-time', example: '2026-11-25T16:31:09.114Z' });
