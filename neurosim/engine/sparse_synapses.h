// Random sparse synapses: drawn from a plan, kept in 4 bytes each, delivered by sender and delay.
// The same drawing in NumPy: sparse_wiring.py, which explains it.

#ifndef NEUROSIM_SPARSE_SYNAPSES
#define NEUROSIM_SPARSE_SYNAPSES

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace neurosim {

class SparseSynapses {
public:
    SparseSynapses() { read(std::getenv("NEUROSIM_WIRING")); }

    // a spike of `sender` in step `step`; `strength` multiplies its plastic synapses
    void emit(int32_t sender, int64_t step, double strength) {
        Spike spike = {sender, strength};
        spikes_[step % slots_].push_back(spike);
        count_[population_[sender]] += 1;
        release_[population_[sender]] += strength;
    }

    // add to `into` what arrives in step `step`
    void deliver(int64_t step, double* into) {
        for (int64_t delay = 1; delay <= max_delay_ && delay <= step; delay++) {
            const std::vector<Spike>& sent = spikes_[(step - delay) % slots_];
            const size_t n = sent.size();
            for (size_t k = 0; k < n; k++) {
                // the bins of a sender lie far apart: fetch those of the next while this one is added
                if (k + 1 < n) fetch(bin(0, sent[k + 1].sender, delay));
                add(0, sent[k].sender, delay, 1.0, into);
                if (layers_ > 1) add(1, sent[k].sender, delay, sent[k].strength, into);
            }
        }
        spikes_[step % slots_].clear();
    }

    double take_count(int32_t population) { return take(count_[population]); }
    double take_release(int32_t population) { return take(release_[population]); }

    // means over a population: sums of a variable, taken and cleared
    void tally(int32_t population, double u, double x) { u_[population] += u; x_[population] += x; }
    double take_u(int32_t population) { return take(u_[population]); }
    double take_x(int32_t population) { return take(x_[population]); }

private:
    struct Spike { int32_t sender; double strength; };
    struct Projection {
        uint64_t count, threshold, key_where, key_what;
        uint64_t source_first, source_size, target_first, target_size, layer, code_first, code_levels;
        std::vector<uint16_t> delays;
    };

    int64_t senders_, neurons_, layers_, max_delay_, slots_;
    std::vector<int32_t> population_;
    std::vector<double> weights_;
    std::vector<uint64_t> starts_;
    std::vector<uint32_t> packed_;
    std::vector<std::vector<Spike> > spikes_;
    std::vector<double> count_, release_, u_, x_;

    static double take(double& sum) { const double all = sum; sum = 0.0; return all; }

    size_t bin(int64_t layer, int64_t sender, int64_t delay) const {
        return (size_t)((layer * senders_ + sender) * max_delay_ + delay - 1);
    }

    void fetch(size_t b) const {
        const char* line = (const char*)(packed_.data() + starts_[b]);
        for (int k = 0; k < 5; k++) __builtin_prefetch(line + 64 * k);
    }

    void add(int64_t layer, int32_t sender, int64_t delay, double factor, double* into) const {
        const size_t b = bin(layer, sender, delay);
        const double* table = weights_.data() + (population_[sender] * layers_ + layer) * 256;
        const uint32_t* at = packed_.data() + starts_[b];
        const uint32_t* end = packed_.data() + starts_[b + 1];
        for (; at < end; at++) into[*at & 0xFFFFFF] += factor * table[*at >> 24];
    }

    static uint64_t hashed(uint64_t key, uint64_t counter) {
        uint64_t z = key + (counter + 1) * 0x9E3779B97F4A7C15ULL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }

    // calls use(bin, number of the synapse) for every synapse
    template <class Use> void each(const Projection& p, Use use) {
        const uint64_t row = p.layer * senders_ + p.source_first;
        if (!p.threshold) {
            for (uint64_t k = 0; k < p.count; k++) {
                const uint64_t where = hashed(p.key_where, k), what = hashed(p.key_what, k);
                const uint64_t sender = ((where >> 32) * p.source_size) >> 32;
                const uint64_t target = ((where & 0xFFFFFFFF) * p.target_size) >> 32;
                use((row + sender) * max_delay_ + p.delays[what >> 48] - 1, target, what);
            }
            return;
        }
        for (uint64_t sender = 0; sender < p.source_size; sender++) {
            for (uint64_t target = 0; target < p.target_size; target++) {
                const uint64_t k = sender * p.target_size + target;
                if (hashed(p.key_where, k) >= p.threshold) continue;
                const uint64_t what = hashed(p.key_what, k);
                use((row + sender) * max_delay_ + p.delays[what >> 48] - 1, target, what);
            }
        }
    }

    void draw(const std::vector<Projection>& all) {
        starts_.assign((size_t)(layers_ * senders_ * max_delay_) + 1, 0);
        for (size_t q = 0; q < all.size(); q++)
            each(all[q], [&](uint64_t b, uint64_t, uint64_t) { starts_[b + 1]++; });
        for (size_t b = 1; b < starts_.size(); b++) starts_[b] += starts_[b - 1];
        packed_.resize(starts_.back());
        // starts_[b] runs to the end of its bin while the bin fills, and is put back afterwards
        for (size_t q = 0; q < all.size(); q++) {
            const Projection& p = all[q];
            each(p, [&](uint64_t b, uint64_t target, uint64_t what) {
                const uint64_t code = p.code_first + (((what & 0xFFFFFFFF) * p.code_levels) >> 32);
                packed_[starts_[b]++] = (uint32_t)((code << 24) | (p.target_first + target));
            });
        }
        for (size_t b = starts_.size() - 1; b > 0; b--) starts_[b] = starts_[b - 1];
        starts_[0] = 0;
    }

    template <class T> static void fill(std::FILE* file, T* at, size_t n) {
        if (std::fread(at, sizeof(T), n, file) == n) return;
        std::fprintf(stderr, "the wiring of the simulation is truncated\n");
        std::exit(4);
    }

    void read(const char* path) {
        std::FILE* file = path ? std::fopen(path, "rb") : NULL;
        if (!file) {
            std::fprintf(stderr, "cannot read the wiring of the simulation\n");
            std::exit(4);
        }
        int64_t head[6];
        fill(file, head, 6);
        senders_ = head[0]; neurons_ = head[1]; layers_ = head[2]; max_delay_ = head[3];
        slots_ = max_delay_ + 1;
        population_.resize(senders_);
        fill(file, population_.data(), population_.size());
        weights_.resize((size_t)(head[5] * layers_ * 256));
        fill(file, weights_.data(), weights_.size());
        std::vector<Projection> all(head[4]);
        for (size_t q = 0; q < all.size(); q++) {
            fill(file, &all[q].count, 11);
            all[q].delays.resize(1 << 16);
            fill(file, all[q].delays.data(), all[q].delays.size());
        }
        std::fclose(file);
        spikes_.resize(slots_);
        count_.assign(head[5], 0.0); release_ = count_; u_ = count_; x_ = count_;
        draw(all);
    }
};

// one for the whole program: every file of generated code that includes this shares it
inline SparseSynapses& sparse_synapses() {
    static SparseSynapses synapses;
    return synapses;
}

}  // namespace neurosim

#endif
