import { type HealthSnapshot, runStates } from "../health.ts";
import type { Figure } from "./figure.ts";

const seconds = (milliseconds: number): number => milliseconds / 1000;

/** What is watched, and what watching costs. */
export const processFigures: readonly Figure[] = [
  {
    name: "mayfly_state",
    type: "gauge",
    help: "1 for the state that this run is in, 0 for the others.",
    samples: runStates.map((state) => ({
      labels: { state },
      read: (h: HealthSnapshot) => (h.state === state ? 1 : 0),
    })),
  },
  {
    name: "mayfly_probes_attached",
    type: "gauge",
    help: "1 while the probes are in the kernel.",
    samples: [{ read: (h) => (h.attached ? 1 : 0) }],
  },
  {
    name: "mayfly_events_total",
    type: "counter",
    help: "Records of the kernel that were worked off; an exit is the end of one life.",
    samples: [
      { labels: { kind: "fork" }, field: "mayfly.agent.events.fork", read: (h) => h.tracker.forks },
      { labels: { kind: "exec" }, field: "mayfly.agent.events.exec", read: (h) => h.tracker.execs },
      { labels: { kind: "exit" }, field: "mayfly.agent.events.exit", read: (h) => h.tracker.exits },
    ],
  },
  {
    name: "mayfly_found_processes_total",
    type: "counter",
    help: "Processes that were already running when this run began.",
    samples: [{ field: "mayfly.agent.events.found", read: (h) => h.tracker.found }],
  },
  {
    name: "mayfly_unseen_starts_total",
    type: "counter",
    help: "Starts that were noticed later and not seen; told with quality fork_unseen.",
    samples: [{ field: "mayfly.agent.events.unseen_starts", read: (h) => h.tracker.unseenForks }],
  },
  {
    name: "mayfly_unseen_ends_total",
    type: "counter",
    help: "Ends that were noticed later and not seen; told with quality exit_lost.",
    samples: [{ field: "mayfly.agent.events.unseen_ends", read: (h) => h.tracker.lostExits }],
  },
  {
    name: "mayfly_double_exits_total",
    type: "counter",
    help: "Second records of one end (kernels before 6.16). Nothing is lost.",
    samples: [{ field: "mayfly.agent.events.double_exits", read: (h) => h.tracker.doubleExits }],
  },
  {
    name: "mayfly_processes",
    type: "gauge",
    help: "Processes in the table: those that run.",
    samples: [{ field: "mayfly.agent.processes", read: (h) => h.processes }],
  },
  {
    name: "mayfly_pending_lives",
    type: "gauge",
    help: "Lives that wait in the hold for what else happens to them.",
    samples: [{ field: "mayfly.agent.lives.pending", read: (h) => h.pendingLives }],
  },
  {
    name: "mayfly_hurried_lives_total",
    type: "counter",
    help: "Lives that left the hold early because aggregation.max_pending waited. Nothing is lost.",
    samples: [{ field: "mayfly.agent.lives.hurried", read: (h) => h.hurriedLives }],
  },
  {
    name: "mayfly_redactions_total",
    type: "counter",
    help: "How often a rule hid something in the arguments of a process, by rule.",
    label: "rule",
    readAll: (h) => h.redactions,
  },
  {
    name: "mayfly_heartbeat_errors_total",
    type: "counter",
    help: "Heartbeats that could not be written: after a crash the gap that is told begins earlier than need be.",
    samples: [
      {
        field: "mayfly.agent.heartbeat_errors",
        concern: { words: "heartbeats could not be written: see to the disk under state.path", documentsGone: false },
        read: (h) => h.heartbeatErrors,
      },
    ],
  },
  {
    name: "mayfly_event_loop_delay_seconds",
    type: "histogram",
    help: "By how much timers were late.",
    readHistogram: (h) => h.eventLoopSeconds,
  },
  {
    name: "process_start_time_seconds",
    type: "gauge",
    help: "When this run began, in seconds since the epoch.",
    samples: [{ read: (h) => seconds(h.startedAt) }],
  },
  {
    name: "process_cpu_user_seconds_total",
    type: "counter",
    help: "CPU time of mayfly in user mode.",
    samples: [{ field: "mayfly.agent.cpu.user_seconds", read: (h) => h.process.userSeconds }],
  },
  {
    name: "process_cpu_system_seconds_total",
    type: "counter",
    help: "CPU time of mayfly in kernel mode, without that of the probes.",
    samples: [{ field: "mayfly.agent.cpu.system_seconds", read: (h) => h.process.systemSeconds }],
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Memory of mayfly that is resident, shared pages included.",
    samples: [{ field: "mayfly.agent.memory.resident_bytes", read: (h) => h.process.residentBytes }],
  },
];
