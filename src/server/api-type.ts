import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Schema } from 'hono';
import type { ApiContext, ApiEnv } from './api.ts';
import { resources } from './app.ts';

const typesOf = <S extends Schema, B extends string>(
  _resources: (context: ApiContext) => OpenAPIHono<ApiEnv, S, B>,
): S | null => null;

/**
 * What the routes under `/api/v1` take and give, as their schemas say. Only its type is of use: as it is nowhere named, the
 * compiler writes it out whole, so that the types of the published client lead to nothing of the server.
 */
export const ROUTES = typesOf(resources);
