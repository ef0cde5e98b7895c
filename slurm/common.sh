#!/usr/bin/env bash
# What the job scripts share, and source first; the same at every site.
# `options` (--config-dir DIR) and `overrides` (key=value) are the words of the alphanet command line.

refuse() { # SENTENCE HINT: end the job as the user's mistake
  printf 'error: %s\nHINT: %s\n' "$1" "$2" >&2
  exit 2
}

# The log is open once log_to_runs knows where; what goes wrong before has to be said somewhere too.
early=
if [[ -n ${SLURM_JOB_ID:-} && /dev/stderr -ef /dev/null && -w . ]]; then
  early=$PWD/slurm-$SLURM_JOB_ID.out
  exec 2>>"$early"
  trap 'echo "error: $0 ended with status $? before it had a log" >&2' EXIT
fi
set +eu # modules and environments are rarely written for these
# shellcheck source=slurm/env.sh
source "$ALPHANET_HOME/slurm/env.sh"
set -eu
: "${ALPHANET_PANEL:=}"
[[ -n ${ALPHANET_RUNS:-} ]] ||
  refuse "env.sh leaves ALPHANET_RUNS empty" "export ALPHANET_RUNS=FOLDER in slurm/env.sh"

log_to_runs() { # one folder for all logs, unless the sbatch line has its own --output
  [[ -n ${SLURM_JOB_ID:-} ]] || refuse "$0 runs inside a job" "sbatch $0, or salloc and bash $0"
  [[ /dev/stdout -ef /dev/null ]] || return 0
  local name=$SLURM_JOB_ID
  if [[ -n ${SLURM_ARRAY_JOB_ID:-} ]]; then name=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; fi
  local log=$ALPHANET_RUNS/slurm/$SLURM_JOB_NAME-$name.out
  { mkdir -p "$ALPHANET_RUNS/slurm" && : >>"$log"; } ||
    refuse "$HOSTNAME cannot write to $ALPHANET_RUNS/slurm" "ALPHANET_RUNS in slurm/env.sh names the folder"
  exec >>"$log" 2>&1
  if [[ -n ${early:-} ]]; then # what env.sh has said so far
    trap - EXIT
    cat "$early"
    rm -f "$early"
  fi
}

split_words() { # WORDS...: into options and overrides
  options=() overrides=()
  while (($#)); do
    case $1 in
      --config-dir) options+=("$1" "${2:-}"); shift ;;
      --config-dir=*) options+=("$1") ;;
      *) overrides+=("$1") ;;
    esac
    shift || break
  done
}

given() { # KEY: was it among the overrides?
  local word
  for word in "${overrides[@]}"; do [[ $word != "$1="* ]] || return 0; done
  return 1
}

value_of() { # KEY: its value among the overrides, without quotes
  local word value=
  for word in "${overrides[@]}"; do [[ $word != "$1="* ]] || value=${word#*=}; done
  value=${value#[\'\"]}
  printf '%s' "${value%[\'\"]}"
}

add() { # KEY VALUE: quoted for Hydra, so that a path may hold spaces
  local value=${2//\\/\\\\}
  overrides+=("$1='${value//\'/\\\'}'")
}

add_place() { # runs and panel from env.sh, where the words name none
  given runs || add runs "$ALPHANET_RUNS"
  local data
  data=$(value_of data)
  [[ $data != simulated ]] || return 0
  # your own data/NAME.yaml, which the repository does not have, names its panel
  if [[ -n $data && ! -f $ALPHANET_HOME/conf/data/$data.yaml ]] && ! given data.panel; then return 0; fi
  if ! given data.panel && [[ -n $ALPHANET_PANEL ]]; then add data.panel "$ALPHANET_PANEL"; fi
  given data || overrides+=(data=parquet)
  given data.panel || refuse "no panel is named, and a job does not train on simulated data unasked" \
    "set ALPHANET_PANEL in slurm/env.sh, or say data.panel=PATH, or data=simulated"
  local panel
  panel=$(value_of data.panel)
  panel=${panel/#\~\//${HOME:-}/}
  [[ $panel == *'$'* || -e ${panel//"\\'"/"'"} ]] || refuse "there is no panel at $panel on $HOSTNAME" \
    "alphanet prepare builds one; ALPHANET_PANEL in slurm/env.sh or data.panel=PATH names it"
}

use_cores() { # of a task; without affinity a process sees every core of its node
  cores=${SLURM_CPUS_PER_TASK:-1}
  export OMP_NUM_THREADS=$cores
}

check_tasks() { # one process a GPU, the same number on every node
  : "${SLURM_NTASKS:=$SLURM_JOB_NUM_NODES}"
  local tasks=${SLURM_NTASKS_PER_NODE:-$SLURM_NTASKS} gpus=${SLURM_GPUS_ON_NODE:-0}
  ((SLURM_NTASKS == SLURM_JOB_NUM_NODES * tasks)) ||
    refuse "$SLURM_NTASKS tasks on $SLURM_JOB_NUM_NODES nodes: every node runs the same number" \
      "sbatch --nodes=$SLURM_JOB_NUM_NODES --ntasks-per-node=K, without --ntasks"
  if ((gpus == 0 || gpus == tasks)) || [[ $(value_of trainer.accelerator) == cpu ]]; then return 0; fi
  refuse "$tasks tasks and $gpus GPUs on a node: one process drives one GPU" \
    "sbatch --ntasks-per-node=$gpus, or --gpus-per-node=$tasks"
}

say_command() { # VERB: the command as it could be typed
  printf '%s: job %s on %s:' "$(date '+%F %T')" "$SLURM_JOB_ID" "$SLURM_JOB_NODELIST"
  printf ' %q' alphanet "$1" "${options[@]}" "${overrides[@]}"
  printf '\n'
}

end_lost_step() { # srun never learns how a process ended whose daemon (slurmstepd) has died
  until [[ -s $ALPHANET_STATUS ]]; do sleep 2; done
  for ((second = 0; second < 60; second += 2)); do sleep 2; done
  echo "the first process has ended, and srun still waits for some: the step is ended"
  pkill -TERM -P $$ -f 'srun --kill-on-bad-exit'
}

launch() { # VERB: on every task; one that dies takes the others along, as they would wait for it
  command -v alphanet >/dev/null ||
    refuse "there is no command alphanet on $HOSTNAME" "make .venv/installed, or name your environment in slurm/env.sh"
  say_command "$1"
  # From exec to the handler in Python may take seconds, in which a signal would kill and not requeue.
  # A verb that trains finds it then; evaluate is short, and goes on.
  local guard=(env --block-signal=USR1 --block-signal=TERM)
  [[ $1 != evaluate ]] || guard=(env --ignore-signal=USR1)
  "${guard[@]}" true 2>/dev/null || guard=() # coreutils before 8.31
  # srun's own status is 0 for tasks that it gave up, so the first process leaves its status in a file.
  local watch status=0
  export ALPHANET_STATUS=$ALPHANET_RUNS/slurm/.status-$SLURM_JOB_ID
  mkdir -p "$ALPHANET_RUNS/slurm" && rm -f "$ALPHANET_STATUS"
  end_lost_step &
  watch=$!
  # --wait: for the others, and what they still send, once one has ended;
  # --export: sbatch --export=NONE would be inherited; --cpus-per-task: since Slurm 22.05 it is not;
  # --job-name: in a job called bash or interactive Lightning would not look for Slurm
  PYTHONUNBUFFERED=1 srun --kill-on-bad-exit=1 --wait=600 --export=ALL --cpus-per-task="$cores" \
    --job-name="alphanet-$1" \
    "${guard[@]}" alphanet "$1" "${options[@]}" "${overrides[@]}" || status=$?
  kill "$watch" 2>/dev/null || true
  if [[ -s $ALPHANET_STATUS ]]; then
    status=$(<"$ALPHANET_STATUS")
  elif ((status == 0)); then
    printf 'error: srun gave up on the first process: a Slurm daemon of its node has died\nHINT: %s\n' \
      "submit the same line again; it continues there" >&2
    status=1
  fi
  rm -f "$ALPHANET_STATUS"
  return "$status"
}
