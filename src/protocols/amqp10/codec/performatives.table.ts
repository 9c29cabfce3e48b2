/**
 * The composite types of AMQP 1.0 (parts 1 to 5), one per line: the code of the descriptor in
 * hexadecimal, the name, and the fields with their types. `!` marks mandatory fields. `*` is a nested
 * composite, `item` a value of any type, `skip` a value that is checked but not used. `npm run gen`
 * turns it into `performatives.gen.ts`.
 */
export const performativesTable = `
10 open container-id!:string hostname:string max-frame-size:uint channel-max:ushort idle-time-out:uint outgoing-locales:symbols incoming-locales:symbols offered-capabilities:symbols desired-capabilities:symbols properties:map
11 begin remote-channel:ushort next-outgoing-id!:uint incoming-window!:uint outgoing-window!:uint handle-max:uint offered-capabilities:symbols desired-capabilities:symbols properties:map
12 attach name!:string handle!:uint role!:boolean snd-settle-mode:ubyte rcv-settle-mode:ubyte source:* target:* unsettled:item incomplete-unsettled:boolean initial-delivery-count:uint max-message-size:ulong offered-capabilities:symbols desired-capabilities:symbols properties:map
13 flow next-incoming-id:uint incoming-window!:uint next-outgoing-id!:uint outgoing-window!:uint handle:uint delivery-count:uint link-credit:uint available:uint drain:boolean echo:boolean properties:skip
14 transfer handle!:uint delivery-id:uint delivery-tag:binary message-format:uint settled:boolean more:boolean rcv-settle-mode:ubyte state:* resume:boolean aborted:boolean batchable:boolean
15 disposition role!:boolean first!:uint last:uint settled:boolean state:* batchable:boolean
16 detach handle!:uint closed:boolean error:*
17 end error:*
18 close error:*
1d error condition!:symbol description:string info:map
23 received section-number!:uint section-offset!:ulong
24 accepted
25 rejected error:*
26 released
27 modified delivery-failed:boolean undeliverable-here:boolean message-annotations:map
28 source address:item durable:uint expiry-policy:symbol timeout:uint dynamic:boolean dynamic-node-properties:map distribution-mode:symbol filter:map default-outcome:* outcomes:symbols capabilities:symbols
29 target address:item durable:uint expiry-policy:symbol timeout:uint dynamic:boolean dynamic-node-properties:map capabilities:symbols
30 coordinator capabilities:symbols
31 declare global-id:item
32 discharge txn-id!:binary fail:boolean
33 declared txn-id!:binary
34 transactional-state txn-id!:binary outcome:*
40 sasl-mechanisms sasl-server-mechanisms!:symbols
41 sasl-init mechanism!:symbol initial-response:binary hostname:string
42 sasl-challenge challenge!:binary
43 sasl-response response!:binary
44 sasl-outcome outcome!:ubyte additional-data:binary
70 header durable:boolean priority:ubyte ttl:uint first-acquirer:boolean delivery-count:uint
73 properties message-id:item user-id:binary to:item subject:string reply-to:item correlation-id:item content-type:symbol content-encoding:symbol absolute-expiry-time:timestamp creation-time:timestamp group-id:string group-sequence:uint reply-to-group-id:string
`;
