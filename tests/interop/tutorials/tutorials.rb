# The scenarios of RabbitMQ's tutorials with Bunny. Prints what was received as JSON.

require 'bunny'
require 'json'
require 'uri'

url = URI(ENV.fetch('URL'))
connection = Bunny.new(
  host: url.host, port: url.port, vhost: '/',
  user: URI.decode_www_form_component(url.user), pass: URI.decode_www_form_component(url.password),
  tls: true, tls_ca_certificates: [ENV.fetch('CA_FILE')], verify_peer: true, log_level: :error
)
connection.start
channel = connection.create_channel
said = {}

# Takes a number of values from a thread queue, sorted.
def take(queue, count)
  Array.new(count) { queue.pop }.sort
end

def listen(channel, exchange, keys)
  received = Queue.new
  queue = channel.queue('', exclusive: true)
  keys.each { |key| queue.bind(exchange, routing_key: key) }
  queue.subscribe { |_, _, body| received << body }
  received
end

# Work queues: two workers, each with one task at a time.
channel.queue('ruby.work', durable: true)
tasks = Queue.new
2.times do
  worker = connection.create_channel
  worker.prefetch(1)
  worker.queue('ruby.work', durable: true).subscribe(manual_ack: true) do |delivery, _, body|
    tasks << body
    worker.ack(delivery.delivery_tag)
  end
end
10.times { |i| channel.default_exchange.publish("task #{i}", routing_key: 'ruby.work', persistent: true) }
said['work'] = take(tasks, 10)

# Publish/subscribe, routing, topics.
fanout = channel.fanout('ruby.fanout', auto_delete: true)
direct = channel.direct('ruby.direct', auto_delete: true)
topic = channel.topic('ruby.topic', auto_delete: true)
logs = Array.new(2) { listen(channel, fanout, ['']) }
errors = listen(channel, direct, ['error'])
animals = listen(channel, topic, ['*.orange.*', 'lazy.#'])
fanout.publish('hello')
%w[info error debug].each { |severity| direct.publish(severity, routing_key: severity) }
%w[quick.orange.rabbit lazy.brown.fox quick.brown.fox lazy].each { |key| topic.publish(key, routing_key: key) }
said['fanout'] = logs.map { |log| take(log, 1) }
said['direct'] = take(errors, 1)
said['topic'] = take(animals, 3)

# RPC.
def fib(number)
  number < 2 ? number : fib(number - 1) + fib(number - 2)
end
server = connection.create_channel
server.queue('ruby.rpc', auto_delete: true).subscribe do |_, properties, body|
  server.default_exchange.publish(
    fib(body.to_i).to_s, routing_key: properties.reply_to, correlation_id: properties.correlation_id
  )
end
answers = Queue.new
replies = channel.queue('', exclusive: true)
replies.subscribe { |_, properties, body| answers << body if properties.correlation_id == 'the call' }
channel.default_exchange.publish('10', routing_key: 'ruby.rpc', correlation_id: 'the call', reply_to: replies.name)
said['rpc'] = answers.pop

# Publisher confirms.
confirming = connection.create_channel
confirming.confirm_select
20.times { |i| confirming.default_exchange.publish("confirmed #{i}", routing_key: 'nowhere') }
said['confirmed'] = confirming.wait_for_confirms ? 20 - confirming.unconfirmed_set.size : 0

channel.queue_delete('ruby.work')
connection.close
puts JSON.generate(said)
