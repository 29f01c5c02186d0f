import { RETIRED_CONNECTOR, isRetiredConnector } from '../../config/index.ts';
import type { Sender } from '../sender.ts';
import type { NotifyWorld } from '../world.ts';
import { cleaner, outcomeOf, postJson } from './http.ts';
import { teamsMessage } from './teams-card.ts';
import { withTimeLimit } from './time-limit.ts';

/** A workflow of a Teams channel, which posts the card that it is sent. */
export function teamsSender(world: NotifyWorld, url: string): Sender {
  const clean = cleaner([url]);
  return {
    send: async (parcel, cut) => {
      if (isRetiredConnector(url))
        return {
          kind: 'never',
          error: `its address ${RETIRED_CONNECTOR.message}`,
          hint: RETIRED_CONNECTOR.hint,
        };
      if (parcel.kind !== 'message')
        return { kind: 'never', error: 'Teams takes whole messages alone', hint: null };
      const body = teamsMessage(parcel.message);
      return withTimeLimit(world.clock, world.timing.attempt_ms, cut, async (signal) =>
        outcomeOf(await postJson({ url, body }, signal), world.clock, clean),
      );
    },
  };
}
