// A plugin for nodes that permits shovels and federation over verified TLS only.
//
// RabbitMQ lets users who may set parameters connect a node to any address: without TLS, without
// verification, with files of the machine as certificates, and with a function of any module as the log-in
// (`auth_mechanism=MODULE:FUNCTION`). All ways to set a parameter pass through the validation of the node,
// so that is where it is refused.
//
// It also makes nodes end sooner. When RabbitMQ before 3.13.2 stops, the event handler of its management
// plugin asks which applications run, and waits 5 s for an answer that Erlang does not give while it stops
// them. So the handler is removed when the signal arrives, before Erlang acts on it.

import { createHash } from 'node:crypto';
import { WaxwingError } from '../../../../base/errors.ts';
import { type ProgramOptions, runProgram } from '../../../../base/programs/run-program.ts';

/** The name of the plugin, and of its only module. */
export const linksPlugin = 'waxwing_links';

/** The file that describes the plugin to RabbitMQ. */
export const linksApplication = `{application, ${linksPlugin}, [
  {description, "TLS for shovels and federation"},
  {vsn, "1.0.0"},
  {modules, [${linksPlugin}]},
  {registered, []},
  {applications, [kernel, stdlib, rabbit, rabbitmq_shovel, rabbitmq_federation]}
]}.
`;

// What RabbitMQ does with a URI begins only after the whole text has one of two forms, because parsing
// it already creates atoms. \\z is the end of the text, unlike $.
const source = String.raw`
-module(waxwing_links).
-behaviour(rabbit_runtime_parameter).
-behaviour(gen_event).
-export([init/1, handle_event/2, handle_call/2]).
-export([register/0, validate/5, notify/5, notify_clear/4]).
-rabbit_boot_step({waxwing_links,
  [{description, "TLS for shovels and federation"},
   {mfa, {waxwing_links, register, []}},
   {requires, rabbit_shovel_parameters},
   {requires, rabbit_federation_parameters},
   {enables, recovery}]}).

init([]) -> {ok, []}.

handle_event(sigterm, State) ->
  _ = (catch gen_event:delete_handler(rabbit_event, rabbit_mgmt_db_handler, stop)),
  {ok, State};
handle_event(_, State) -> {ok, State}.

handle_call(_, State) -> {ok, ok, State}.

register() ->
  {ok, File} = application:get_env(waxwing_links, authorities),
  Match = public_key:pkix_verify_hostname_match_fun(https),
  ok = application:set_env(amqp_client, ssl_options,
    [{cacertfile, File},
     {verify, verify_peer},
     {depth, 8},
     {versions, ['tlsv1.3', 'tlsv1.2']},
     {customize_hostname_check, [{match_fun, Match}]}], [{persistent, true}]),
  [ok = rabbit_registry:register(runtime_parameter, Component, waxwing_links)
    || Component <- [<<"shovel">>, <<"federation-upstream">>]],
  % The last handler that is added is called first.
  _ = gen_event:delete_handler(erl_signal_server, waxwing_links, again),
  ok = gen_event:add_handler(erl_signal_server, waxwing_links, []).

validate(VHost, Component, Name, Term, User) ->
  case problem(Component, Term) of
    none -> (original(Component)):validate(VHost, Component, Name, Term, User);
    Text -> {error, "~s", [Text]}
  end.

notify(VHost, Component, Name, Term, User) ->
  (original(Component)):notify(VHost, Component, Name, Term, User).

notify_clear(VHost, Component, Name, User) ->
  (original(Component)):notify_clear(VHost, Component, Name, User).

original(<<"shovel">>) -> rabbit_shovel_parameters;
original(<<"federation-upstream">>) -> rabbit_federation_parameters.

problem(Component, Term) when is_map(Term) -> problem(Component, maps:to_list(Term));
problem(Component, Term) when is_list(Term) ->
  first([field(Component, Key, Value) || {Key, Value} <- Term]);
problem(_, _) -> "the value is no object".

first([none | Others]) -> first(Others);
first([Text | _]) -> Text;
first([]) -> none.

field(_, Key, <<"amqp091">>) when Key =:= <<"src-protocol">>; Key =:= <<"dest-protocol">> -> none;
field(_, Key, _) when Key =:= <<"src-protocol">>; Key =:= <<"dest-protocol">> ->
  binary_to_list(Key) ++ " must be amqp091: the client of AMQP 1.0 does not verify certificates";
field(Component, Key, Value) when is_binary(Key), byte_size(Key) >= 3 ->
  case binary:part(Key, byte_size(Key), -3) of
    <<"uri">> -> uris(Component, binary_to_list(Key), Value);
    _ -> none
  end;
field(_, Key, _) when is_binary(Key) -> none;
field(_, _, _) -> "a name is no text".

uris(Component, Key, Value) when is_binary(Value) -> uri(Component, Key, Value);
uris(_, Key, []) -> Key ++ " is empty";
uris(Component, Key, Values) when is_list(Values) ->
  first([case is_binary(Value) of
           true -> uri(Component, Key, Value);
           false -> Key ++ " has a value that is no text"
         end || Value <- Values]);
uris(_, Key, _) -> Key ++ " is no text".

uri(_, Key, Value) when byte_size(Value) > 2048 ->
  Key ++ " is longer than 2048 bytes";
uri(Component, Key, Value) ->
  Local = "^amqp://(?:/[A-Za-z0-9._~%!'()*+,;=:@-]*)?\\z",
  Remote = "^amqps://(?:[A-Za-z0-9._~%!'()*+,;=:-]*@)?[A-Za-z0-9][A-Za-z0-9.-]{0,253}"
    "(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%!'()*+,;=:@-]*)?(?:\\?([A-Za-z0-9_=&.:/%-]*))?\\z",
  IsLocal = Component =:= <<"shovel">> andalso re:run(Value, Local, [{capture, none}]) =:= match,
  case IsLocal of
    true -> none;
    false ->
      case re:run(Value, Remote, [{capture, [1], list}]) of
        {match, [Query]} ->
          first([setting(Key, Setting) || Setting <- string:lexemes(Query, "&")]);
        nomatch ->
          Key ++ " must be amqps://user:password@host:port/vhost, the host being a name"
      end
  end.

setting(Key, Setting) ->
  Form = "^(?:(?:heartbeat|connection_timeout|channel_max)=[0-9]{1,6}"
    "|verify=verify_peer|auth_mechanism=(?:plain|amqplain)"
    "|server_name_indication=(?!disable\\z)[A-Za-z0-9][A-Za-z0-9.-]{0,253})\\z",
  case re:run(Setting, Form, [{capture, none}]) of
    match -> none;
    nomatch ->
      Key ++ " has a setting other than heartbeat, connection_timeout, channel_max, verify=verify_peer, "
        "auth_mechanism=plain or amqplain, and server_name_indication"
  end.
`;

// Reads the forms of a module, compiles it, and writes its code as base64.
const compiler = `
{ok, Tokens, _} = erl_scan:string(io:get_chars("", 1000000)),
Split = fun
  Split([], [], Forms) -> lists:reverse(Forms);
  Split([{dot, _} = Dot | Others], Found, Forms) ->
    {ok, Form} = erl_parse:parse_form(lists:reverse([Dot | Found])),
    Split(Others, [], [Form | Forms]);
  Split([Token | Others], Found, Forms) -> Split(Others, [Token | Found], Forms)
end,
{ok, _, Code} = compile:forms(Split(Tokens, [], []), [deterministic]),
io:put_chars(base64:encode(Code)), halt(0).`;

/** Time for the compiler, milliseconds. */
const compileMsMax = 60_000;

/** By the program that compiled it, and its user. An older virtual machine cannot load what a newer one made. */
const compiled = new Map<string, Promise<Buffer>>();

/**
 * The code of the plugin, compiled once by each Erlang of nodes.
 *
 * @param erl the program of the virtual machine
 * @param user who runs it; undefined for the user of this process
 * @throws {WaxwingError} `engine-failed`
 */
export async function linksPluginCode(erl: string, user: ProgramOptions['user']): Promise<Buffer> {
  const key = createHash('sha256')
    .update(JSON.stringify([erl, user]))
    .digest('hex');
  const code = compiled.get(key) ?? compile(erl, user);
  compiled.set(key, code);
  try {
    return await code;
  } catch (error) {
    compiled.delete(key);
    throw error;
  }
}

async function compile(erl: string, user: ProgramOptions['user']): Promise<Buffer> {
  const args = ['-boot', 'start_clean', '-noshell', '-eval', compiler];
  const { code, output, errors } = await runProgram(erl, args, {
    timeoutMs: compileMsMax,
    input: Buffer.from(source),
    // The user of the nodes may be unable to read the folder of this process.
    folder: '/',
    user,
  });
  const bytes = Buffer.from(output, 'base64');
  // The identifier at the start of every compiled module.
  if (code === 0 && bytes.subarray(0, 4).toString('latin1') === 'FOR1') return bytes;
  const why = `${code} ${(errors || output).slice(0, 500)}`;
  throw new WaxwingError('engine-failed', `the plugin of nodes cannot be compiled: ${why}`);
}
