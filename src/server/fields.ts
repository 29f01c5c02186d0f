import { z } from 'zod';

/** Fields that many requests share, each with a bound. */

/** A flag in a query. */
export const Flag = z.enum(['true', 'false']).transform((flag) => flag === 'true');

export const Search = z.string().trim().min(1).max(200);

export const Comment = z.string().max(4000).meta({ description: 'Why, on record.' });

/** Names of circuits, jobs or subjects. */
export const Names = z.array(z.string().min(1).max(300)).min(1).max(100_000);

/** The body of a request: JSON. Left out, it is an empty object, unless `required`. */
export const bodyOf = <T extends z.ZodType>(
  schema: T,
  options: { readonly required: boolean } = { required: false },
): {
  readonly required: boolean;
  readonly content: { readonly 'application/json': { readonly schema: T } };
} => ({ ...options, content: { 'application/json': { schema } } });
