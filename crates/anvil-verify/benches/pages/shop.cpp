#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace shop {

class Item {
public:
    explicit Item(std::string name, double price) : name_(std::move(name)), price_{price} {}
    virtual ~Item() = default;

    const std::string& name() const noexcept { return name_; }
    virtual double total(int count) const { return price_ * count; }

private:
    std::string name_;
    double price_;
};

template <typename Key, typename Value>
std::vector<Key> keys(const std::map<Key, Value>& from)
{
    std::vector<Key> found;
    found.reserve(from.size());
    for (const auto& [key, value] : from) {
        found.push_back(key);
    }
    return found;
}

double sum(const std::vector<std::unique_ptr<Item>>& items, int count)
{
    double all = 0;
    std::for_each(items.begin(), items.end(), [&all, count](const auto& item) {
        all += item ? item->total(count) : 0.0;
    });
    return all < 0 ? 0 : all;
}

}  // namespace shop
