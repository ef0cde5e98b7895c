#!/usr/bin/env bash
# A sweep over all nodes of the job: Ray on each of them, trials on their cores and GPUs.
#
#   sbatch slurm/sweep.sh sweep=dropout
#   sbatch --nodes=8 --gpus-per-node=8 slurm/sweep.sh sweep=paper sweep.gpus_per_trial=0.5
#   sbatch --gpus-per-node=0 slurm/sweep.sh sweep=seeds variant=v2.1      # without any GPU
#
# Words after the script are settings. Options before it replace the ones below.
# Done fits are not repeated: at the time limit the job is requeued, and the same line does what is left.
#SBATCH --job-name=alphanet-sweep
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --mem=96G
#SBATCH --time=12:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=/dev/null
set -euo pipefail

# sbatch runs a copy of this script, from anywhere: env.sh has said where the repository is. The log has
# no place yet, so where it has not, a file in the folder of submission says so.
[[ -z ${SLURM_JOB_ID:-} || -f ${ALPHANET_HOME:-}/slurm/common.sh ]] || exec 2>>"slurm-$SLURM_JOB_ID.out"
# shellcheck source=slurm/common.sh
source "${ALPHANET_HOME:?source slurm/env.sh first, then submit again}/slurm/common.sh"

# shellcheck disable=SC2329 # srun's bash runs it
node() { # what srun runs on each node: Ray's head on the first, the others join it
  unset SLURM_PROCID # by which Lightning in a trial would take itself for a second rank, and log nothing
  local all=(--num-cpus="$SLURM_CPUS_PER_TASK" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" --block)
  if ((SLURM_NODEID == 0)); then
    exec ray start --head --port="$port" --include-dashboard=false "${all[@]}"
  fi
  for ((second = 0; second < 120; second++)); do
    if (exec 3<>"/dev/tcp/$head/$port") 2>/dev/null; then exec ray start --address="$head:$port" "${all[@]}"; fi
    sleep 1
  done
  refuse "no Ray answers at $head:$port, $HOSTNAME waited 120 s" "the lines of the head say why"
}

start_ray() { # on all nodes; `ray stop` is never called, for it stops other jobs' Ray too
  head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
  port=$((20000 + SLURM_JOB_ID % 10000)) # another job's head may be on the same node
  # without a secret of the job's own, whoever reaches the port may run code as you
  RAY_AUTH_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
  export head port RAY_AUTH_MODE=token RAY_AUTH_TOKEN
  # the cores are the job's: at Ray's own niceness of 15 whatever else is on the node comes first
  export RAY_USAGE_STATS_ENABLED=0 RAY_worker_niceness=0 RAY_gcs_rpc_server_reconnect_timeout_s=15
  export -f node refuse
  # pages of banners: they would read as the sweep's, down to the `ray stop` that it never calls
  log=$ALPHANET_RUNS/slurm/$SLURM_JOB_NAME-$SLURM_JOB_ID.ray
  mkdir -p "$ALPHANET_RUNS/slurm"
  srun --ntasks-per-node=1 --export=ALL --cpus-per-task="$SLURM_CPUS_PER_TASK" bash -c node >>"$log" 2>&1 &
  ray=$!
  for ((second = 0; second < 120; second++)); do
    if (exec 3<>"/dev/tcp/$head/$port") 2>/dev/null; then return 0; fi
    kill -0 "$ray" 2>/dev/null || break
    sleep 1
  done
  refuse "no Ray answers at $head:$port" "$log says why"
}

# shellcheck disable=SC2329 # the trap runs it
stop_sweep() { # the time limit is near: stop the sweep; fits are saved at every epoch
  again=yes
  [[ -z $sweep ]] || kill -USR1 "$sweep" 2>/dev/null || true
}

requeue() { # Slurm ends what still runs of the job, Ray included, and starts it again
  local refusal
  echo "requeued: job $SLURM_JOB_ID does what is left"
  refusal=$(scontrol requeue "$SLURM_JOB_ID" 2>&1) && exit 75
  printf 'error: Slurm does not requeue job %s (%s)\nHINT: %s\n' "$SLURM_JOB_ID" "$refusal" \
    "submit the same command again; it continues there" >&2
  exit 1
}

again=no sweep=
trap stop_sweep USR1
log_to_runs
split_words "$@"
: "${SLURM_CPUS_PER_TASK:=1}"
export SLURM_CPUS_PER_TASK
[[ ${SLURM_NTASKS_PER_NODE:-1} == 1 ]] ||
  refuse "--ntasks-per-node=$SLURM_NTASKS_PER_NODE was given: Ray is one task on each node" \
    "sbatch --ntasks-per-node=1 --cpus-per-task=CORES"
command -v ray >/dev/null ||
  refuse "there is no command ray on $HOSTNAME" "make .venv/installed, or name your environment in slurm/env.sh"
add_place
start_ray
overrides+=("ray.address=$head:$port" "ray.nodes=$SLURM_JOB_NUM_NODES")
say_command sweep
[[ $again == no ]] || requeue
PYTHONUNBUFFERED=1 alphanet sweep "${options[@]}" "${overrides[@]}" &
sweep=$!
status=0
wait "$sweep" || status=$?
while kill -0 "$sweep" 2>/dev/null; do # a signal ends `wait`, not the sweep
  status=0
  wait "$sweep" || status=$?
done
[[ $again == no || $status == 0 ]] || requeue
kill "$ray" 2>/dev/null || true
wait "$ray" || true
exit "$status"
