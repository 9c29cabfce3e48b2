// The scenarios of RabbitMQ's tutorials with amqp091-go. Prints what was received as JSON.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func done(err error) {
	if err != nil {
		panic(err)
	}
}

func take(received chan string, count int) []string {
	var bodies []string
	for len(bodies) < count {
		select {
		case body := <-received:
			bodies = append(bodies, body)
		case <-time.After(30 * time.Second):
			panic(fmt.Sprint("only ", bodies))
		}
	}
	sort.Strings(bodies)
	return bodies
}

var inBackground = context.Background()

func publish(channel *amqp.Channel, exchange, key, body string) {
	message := amqp.Publishing{Body: []byte(body), DeliveryMode: amqp.Persistent}
	done(channel.PublishWithContext(inBackground, exchange, key, false, false, message))
}

func listen(channel *amqp.Channel, exchange string, keys ...string) chan string {
	queue := must(channel.QueueDeclare("", false, false, true, false, nil))
	for _, key := range keys {
		done(channel.QueueBind(queue.Name, key, exchange, false, nil))
	}
	received := make(chan string, 100)
	deliveries := must(channel.Consume(queue.Name, "", true, false, false, false, nil))
	go func() {
		for delivery := range deliveries {
			received <- string(delivery.Body)
		}
	}()
	return received
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func main() {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(os.Getenv("CA_FILE"))))
	connection := must(amqp.DialTLS(os.Getenv("URL"), &tls.Config{RootCAs: roots}))
	channel := must(connection.Channel())
	said := map[string]any{}

	// Work queues: two workers, each with one task at a time.
	must(channel.QueueDeclare("go.work", true, false, false, false, nil))
	tasks := make(chan string, 100)
	for i := 0; i < 2; i++ {
		worker := must(connection.Channel())
		done(worker.Qos(1, 0, false))
		deliveries := must(worker.Consume("go.work", "", false, false, false, false, nil))
		go func() {
			for delivery := range deliveries {
				tasks <- string(delivery.Body)
				done(delivery.Ack(false))
			}
		}()
	}
	for i := 0; i < 10; i++ {
		publish(channel, "", "go.work", fmt.Sprint("task ", i))
	}
	said["work"] = take(tasks, 10)

	// Publish/subscribe, routing, topics.
	for _, kind := range []string{"fanout", "direct", "topic"} {
		done(channel.ExchangeDeclare("go."+kind, kind, false, true, false, false, nil))
	}
	logs := []chan string{listen(channel, "go.fanout", ""), listen(channel, "go.fanout", "")}
	errors := listen(channel, "go.direct", "error")
	animals := listen(channel, "go.topic", "*.orange.*", "lazy.#")
	publish(channel, "go.fanout", "", "hello")
	for _, severity := range []string{"info", "error", "debug"} {
		publish(channel, "go.direct", severity, severity)
	}
	for _, key := range []string{"quick.orange.rabbit", "lazy.brown.fox", "quick.brown.fox", "lazy"} {
		publish(channel, "go.topic", key, key)
	}
	said["fanout"] = [][]string{take(logs[0], 1), take(logs[1], 1)}
	said["direct"] = take(errors, 1)
	said["topic"] = take(animals, 3)

	// RPC.
	must(channel.QueueDeclare("go.rpc", false, true, false, false, nil))
	requests := must(channel.Consume("go.rpc", "", false, false, false, false, nil))
	go func() {
		for request := range requests {
			number := must(strconv.Atoi(string(request.Body)))
			answer := amqp.Publishing{
				CorrelationId: request.CorrelationId,
				Body:          []byte(strconv.Itoa(fib(number))),
			}
			done(channel.PublishWithContext(inBackground, "", request.ReplyTo, false, false, answer))
			done(request.Ack(false))
		}
	}()
	replies := must(channel.QueueDeclare("", false, false, true, false, nil))
	answers := must(channel.Consume(replies.Name, "", true, false, false, false, nil))
	call := amqp.Publishing{CorrelationId: "the call", ReplyTo: replies.Name, Body: []byte("10")}
	done(channel.PublishWithContext(inBackground, "", "go.rpc", false, false, call))
	for answer := range answers {
		if answer.CorrelationId == "the call" {
			said["rpc"] = string(answer.Body)
			break
		}
	}

	// Publisher confirms.
	confirming := must(connection.Channel())
	done(confirming.Confirm(false))
	confirms := confirming.NotifyPublish(make(chan amqp.Confirmation, 20))
	for i := 0; i < 20; i++ {
		publish(confirming, "go.fanout", "", fmt.Sprint("confirmed ", i))
	}
	confirmed := 0
	for i := 0; i < 20; i++ {
		if (<-confirms).Ack {
			confirmed++
		}
	}
	said["confirmed"] = confirmed

	must(channel.QueueDelete("go.work", false, false, false))
	done(connection.Close())
	fmt.Println(string(must(json.Marshal(said))))
}
