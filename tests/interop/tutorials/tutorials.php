<?php
// The scenarios of RabbitMQ's tutorials with php-amqplib. Prints what was received as JSON.

require '/usr/share/php/PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPSSLConnection;
use PhpAmqpLib\Message\AMQPMessage;

$url = parse_url(getenv('URL'));
$options = ['cafile' => getenv('CA_FILE'), 'verify_peer' => true, 'verify_peer_name' => true];
$connection = new AMQPSSLConnection(
    $url['host'], $url['port'], urldecode($url['user']), urldecode($url['pass']), '/', $options,
    ['read_write_timeout' => 60, 'heartbeat' => 0]
);
$channel = $connection->channel();
$said = [];

function collect($channel, &$bodies, $count)
{
    while (count($bodies) < $count) {
        $channel->wait(null, false, 30);
    }
    sort($bodies);
    return $bodies;
}

function listen($channel, $exchange, $keys, &$bodies)
{
    [$queue] = $channel->queue_declare('', false, false, true);
    foreach ($keys as $key) {
        $channel->queue_bind($queue, $exchange, $key);
    }
    $channel->basic_consume($queue, '', false, true, false, false, function ($message) use (&$bodies) {
        $bodies[] = $message->body;
    });
}

// Work queues: two workers, each with one task at a time.
$channel->queue_declare('php.work', false, true, false, false);
$workers = [$connection->channel(), $connection->channel()];
$tasks = [];
foreach ($workers as $worker) {
    $worker->basic_qos(0, 1, false);
    $worker->basic_consume('php.work', '', false, false, false, false, function ($message) use (&$tasks) {
        $tasks[] = $message->body;
        $message->ack();
    });
}
for ($i = 0; $i < 10; $i++) {
    $persistent = ['delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT];
    $channel->basic_publish(new AMQPMessage("task $i", $persistent), '', 'php.work');
}
while (count($tasks) < 10) {
    foreach ($workers as $worker) {
        try {
            $worker->wait(null, false, 0.05);
        } catch (PhpAmqpLib\Exception\AMQPTimeoutException $nothing) {
        }
    }
}
sort($tasks);
$said['work'] = $tasks;

// Publish/subscribe, routing, topics.
foreach (['fanout', 'direct', 'topic'] as $type) {
    $channel->exchange_declare("php.$type", $type, false, false, true);
}
$logs = [[], []];
listen($channel, 'php.fanout', [''], $logs[0]);
listen($channel, 'php.fanout', [''], $logs[1]);
$errors = [];
listen($channel, 'php.direct', ['error'], $errors);
$animals = [];
listen($channel, 'php.topic', ['*.orange.*', 'lazy.#'], $animals);
$channel->basic_publish(new AMQPMessage('hello'), 'php.fanout');
foreach (['info', 'error', 'debug'] as $severity) {
    $channel->basic_publish(new AMQPMessage($severity), 'php.direct', $severity);
}
foreach (['quick.orange.rabbit', 'lazy.brown.fox', 'quick.brown.fox', 'lazy'] as $key) {
    $channel->basic_publish(new AMQPMessage($key), 'php.topic', $key);
}
collect($channel, $logs[0], 1);
collect($channel, $logs[1], 1);
$said['fanout'] = $logs;
$said['direct'] = collect($channel, $errors, 1);
$said['topic'] = collect($channel, $animals, 3);

// RPC.
function fib($n)
{
    return $n < 2 ? $n : fib($n - 1) + fib($n - 2);
}
$channel->queue_declare('php.rpc', false, false, true);
$channel->basic_consume('php.rpc', '', false, false, false, false, function ($request) {
    $answer = new AMQPMessage((string) fib((int) $request->body), [
        'correlation_id' => $request->get('correlation_id'),
    ]);
    $request->getChannel()->basic_publish($answer, '', $request->get('reply_to'));
    $request->ack();
});
[$replies] = $channel->queue_declare('', false, false, true);
$answers = [];
$channel->basic_consume($replies, '', false, true, false, false, function ($reply) use (&$answers) {
    if ($reply->get('correlation_id') === 'the call') {
        $answers[] = $reply->body;
    }
});
$call = new AMQPMessage('10', ['correlation_id' => 'the call', 'reply_to' => $replies]);
$channel->basic_publish($call, '', 'php.rpc');
$said['rpc'] = collect($channel, $answers, 1)[0];

// Publisher confirms.
$confirming = $connection->channel();
$confirmed = 0;
$confirming->set_ack_handler(function () use (&$confirmed) {
    $confirmed++;
});
$confirming->confirm_select();
for ($i = 0; $i < 20; $i++) {
    $confirming->basic_publish(new AMQPMessage("confirmed $i"), 'php.fanout');
}
$confirming->wait_for_pending_acks(30);
$said['confirmed'] = $confirmed;

$channel->queue_delete('php.work');
$connection->close();
echo json_encode($said), "\n";
