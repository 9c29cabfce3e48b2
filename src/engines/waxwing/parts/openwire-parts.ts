// The parts of OpenWire, in a module that only processes with OpenWire load.

import { openwireFormat } from '../../../protocols/openwire/format.ts';
import { answerPlain } from '../../../protocols/openwire/plain-answer.ts';
import { openwire } from '../../../protocols/openwire/protocol.ts';
import type { ProtocolParts } from '../listener-specs.ts';

/** The parts of OpenWire. */
export const openwireParts: ProtocolParts = {
  protocol: openwire,
  format: openwireFormat,
  answerPlain,
};
