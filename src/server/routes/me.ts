import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { Identity } from '../../kernel/actor.ts';
import { Role } from '../../kernel/roles.ts';
import { Via } from '../access/caller.ts';
import { json, problems, routes } from '../api.ts';

const Me = z
  .object({
    name: z.string(),
    identity: Identity.meta({ description: '`claimed`: the local user; `verified`: signed in, or a token.' }),
    via: Via,
    roles: z.array(Role).meta({ description: 'All that they come to: admin has every one.' }),
  })
  .meta({ id: 'Me', description: 'Who asks.' });

const show = createRoute({
  method: 'get',
  path: '/me',
  tags: ['access'],
  summary: 'Who asks, and what they may do',
  responses: { 200: json(Me, 'The caller'), ...problems },
});

export const me = () =>
  routes().openapi(show, (c) => {
    const { name, identity, via, roles } = c.get('caller');
    return c.json({ name, identity, via, roles: [...roles] }, 200);
  });
