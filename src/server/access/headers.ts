import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { ServerSettings } from '../../config/index.ts';

/**
 * What browsers are told: pages take scripts, styles and data from this server alone, and none stands inside them; no
 * other site shows them in a frame or learns where its links lead from.
 */
export const securityHeaders = ({ public_url }: Pick<ServerSettings, 'public_url'>): MiddlewareHandler =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      fontSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    // Over plain http it means nothing, and it must not bind other servers of this machine.
    strictTransportSecurity: public_url?.startsWith('https:') === true ? 'max-age=15552000' : false,
  });
