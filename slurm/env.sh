#!/usr/bin/env bash
# The only file that a site edits. Every job sources it; source it in your login shell too, and sbatch
# takes its SBATCH_* defaults from here (what you type on the sbatch line still wins over them).
#
#   source slurm/env.sh
#
# ALPHANET_HOME, the repository, is known here: this file's parent.
ALPHANET_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export ALPHANET_HOME

# 1. Modules.
# module purge && module load cuda/12.8

# 2. Python: the environment that `make` built, if it did; else whatever is active already.
if [[ -f $ALPHANET_HOME/.venv/bin/activate ]]; then
  # shellcheck source=/dev/null
  source "$ALPHANET_HOME/.venv/bin/activate"
fi

# 3. Data: the panel that `alphanet prepare` built, on a file system that every node sees.
export ALPHANET_PANEL=${ALPHANET_PANEL:-}

# 4. Scratch: fits, checkpoints and logs, on a file system that every node sees, absolute.
export ALPHANET_RUNS=${ALPHANET_RUNS:-$ALPHANET_HOME/runs}

# 5. Where jobs go.
# export SBATCH_PARTITION=gpu
# export SBATCH_ACCOUNT=research

# 6. Network between nodes, where the default interface is the wrong one (ip -br address names them).
# export NCCL_SOCKET_IFNAME=ib0
# export GLOO_SOCKET_IFNAME=eth0
